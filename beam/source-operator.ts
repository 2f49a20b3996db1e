import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { Context } from 'apache-beam/coders/coders';
import {
  type ProcessBundleSplitRequest_DesiredSplit,
  type ProcessBundleSplitResponse_ChannelSplit,
  RemoteGrpcPort,
} from 'apache-beam/proto/beam_fn_api';
import type { PTransform } from 'apache-beam/proto/beam_runner_api';
import type { WindowedValue } from 'apache-beam/values';
import { readerOf } from './coders.js';
import type { Inbox } from './inbox.js';
import { type Operator, type OperatorContext, onlyReceiver, type Receive } from './operator.js';
import { isYieldDue, yieldToEventLoop } from './pace.js';

/**
 * Feeds a bundle from the data plane, one message at a time: the bundle ends when all are processed. (The SDK's source starts
 * the next message while it waits for an element of the last one, and then ends the bundle before its elements are done.)
 */
export class SourceOperator implements Operator {
  private readonly url: string;
  private readonly coder: Coder<WindowedValue<unknown>>;
  private readonly receive: Receive;
  private inbox: Inbox | undefined;
  private draining: Promise<void> | undefined;
  /** Indices in the bundle's input: of the element in process, and of the last one to process. */
  private current = -1;
  private last = Number.POSITIVE_INFINITY;

  constructor(
    private readonly transformId: string,
    transform: PTransform,
    private readonly context: OperatorContext,
  ) {
    const port = RemoteGrpcPort.fromBinary(transform.spec!.payload);
    this.url = port.apiServiceDescriptor!.url;
    this.coder = context.coders.getCoder(port.coderId);
    this.receive = onlyReceiver(transform, context);
  }

  startBundle(): void {
    this.current = -1;
    this.last = Number.POSITIVE_INFINITY;
    this.inbox = this.context.dataChannel(this.url).open(this.context.bundleId(), this.transformId);
    this.draining = this.drain(this.inbox);
    // Reported by finishBundle, which comes later.
    this.draining.catch(() => undefined);
  }

  process(): never {
    throw new Error('a source takes no elements from other operators');
  }

  async finishBundle(): Promise<void> {
    await this.draining;
  }

  async teardown(): Promise<void> {
    this.inbox?.close();
    await this.draining?.catch(() => undefined);
  }

  split(desired: ProcessBundleSplitRequest_DesiredSplit): ProcessBundleSplitResponse_ChannelSplit | undefined {
    if (this.inbox === undefined) return undefined;
    const end = Math.min(this.last, Number(desired.estimatedInputElements) - 1);
    if (this.current >= end) return undefined;
    let last = Math.floor(this.current + (end - this.current) * desired.fractionOfRemainder);
    if (desired.allowedSplitPoints.length > 0) {
      const points = desired.allowedSplitPoints.map(Number).filter((point) => point > last);
      last = Math.min(...points) - 1;
    }
    if (last < this.current || last >= this.last) return undefined;
    this.last = last;
    return {
      transformId: this.transformId,
      lastPrimaryElement: BigInt(last),
      firstResidualElement: BigInt(last + 1),
    };
  }

  private async drain(inbox: Inbox): Promise<void> {
    try {
      // After a split what is left is read and thrown away: the runner has it elsewhere.
      for await (const message of inbox) {
        const reader = readerOf(message);
        while (reader.pos < reader.len && this.current < this.last) {
          const element = this.coder.decode(reader, Context.needsDelimiters);
          this.current++;
          const taken = this.receive(element);
          if (taken !== null) await taken;
          if (isYieldDue()) await yieldToEventLoop();
        }
      }
    } finally {
      this.inbox = undefined;
    }
  }
}
