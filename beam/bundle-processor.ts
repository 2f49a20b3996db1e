import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { PipelineContext } from 'apache-beam/internal/pipeline';
import type {
  ProcessBundleDescriptor,
  ProcessBundleSplitRequest,
  ProcessBundleSplitResponse_ChannelSplit,
} from 'apache-beam/proto/beam_fn_api';
import { ParDoPayload, type PTransform } from 'apache-beam/proto/beam_runner_api';
import type { DataChannel } from './data-channel.js';
import { BundleMetrics, type CounterCell } from './metrics.js';
import type { Operator, OperatorContext, OperatorFactory, Receive, Taken } from './operator.js';
import type { StateBackend } from './state-backend.js';
import { PAR_DO_URN } from './urns.js';

/** What a bundle processor runs on: a worker's channels, or the direct runner. */
export interface BundleHost {
  /** By the URN of the transform. */
  readonly operators: Readonly<Record<string, OperatorFactory>>;
  /** URNs of the transforms that elements come from. */
  readonly roots: readonly string[];
  readonly signal?: AbortSignal;
  state(bundleId: string, descriptor: ProcessBundleDescriptor): StateBackend;
  dataChannel(url: string): DataChannel;
  /** Wraps what hands on the elements of a PCollection with this coder. */
  wrapReceiver?(receive: Receive, producer: PTransform | undefined, coder: () => Coder<unknown>): Receive;
}

/** The operators of one stage. Serves bundles one at a time. */
export class BundleProcessor {
  readonly metrics = new BundleMetrics();
  /** Producers first. */
  private readonly operators: Operator[] = [];
  private readonly byTransform = new Map<string, Operator>();
  private readonly receivers = new Map<string, Receive>();
  private readonly consumers = new Map<string, string[]>();
  private readonly producers = new Map<string, PTransform>();
  private readonly context: OperatorContext;
  private bundleId: string | undefined;
  private bundleState: StateBackend | undefined;

  constructor(
    readonly descriptor: ProcessBundleDescriptor,
    private readonly host: BundleHost,
  ) {
    this.context = {
      descriptor,
      coders: new PipelineContext(descriptor, ''),
      metrics: this.metrics,
      signal: host.signal,
      receiver: (pcollectionId) => this.receiver(pcollectionId),
      bundleId: () => this.runningBundle(),
      state: () => {
        this.bundleState ??= host.state(this.runningBundle(), descriptor);
        return this.bundleState;
      },
      dataChannel: host.dataChannel,
    };
    const primitives = Object.entries(descriptor.transforms).filter(
      ([, { subtransforms }]) => subtransforms.length === 0,
    );
    for (const [id, transform] of primitives) {
      for (const pcollectionId of mainInputs(transform)) {
        this.consumers.set(pcollectionId, [...(this.consumers.get(pcollectionId) ?? []), id]);
      }
      for (const pcollectionId of Object.values(transform.outputs)) this.producers.set(pcollectionId, transform);
    }
    for (const [id, transform] of primitives) {
      if (host.roots.includes(transform.spec?.urn ?? '')) this.operator(id);
    }
    this.operators.reverse();
  }

  /** Runs a bundle to its end. After a failure the processor must not be used again, only torn down. */
  async process(bundleId: string): Promise<void> {
    this.metrics.reset();
    this.bundleId = bundleId;
    this.bundleState = undefined;
    for (const operator of this.operators.toReversed()) await operator.startBundle?.();
    for (const operator of this.operators) await operator.finishBundle?.();
    this.bundleId = undefined;
  }

  /** Cuts the rest off the first source that can; none if the bundle is over or holds state. */
  split({ desiredSplits }: ProcessBundleSplitRequest): ProcessBundleSplitResponse_ChannelSplit | undefined {
    // Prism 2.77 gives the key of a residual element to another bundle while this one still works on it: lost updates.
    if (this.bundleId === undefined || hasState(this.descriptor)) return undefined;
    for (const [transformId, desired] of Object.entries(desiredSplits)) {
      const split = this.byTransform.get(transformId)?.split?.(desired);
      if (split !== undefined) return split;
    }
    return undefined;
  }

  /** Ends every operator, when it has nothing in flight. Rejects with the first error after trying all. */
  async teardown(): Promise<void> {
    const results = await Promise.allSettled(this.operators.map(async (operator) => operator.teardown?.()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  private runningBundle(): string {
    if (this.bundleId === undefined) throw new Error('no bundle is being processed');
    return this.bundleId;
  }

  private operator(transformId: string): Operator {
    const known = this.byTransform.get(transformId);
    if (known !== undefined) return known;
    const transform = this.descriptor.transforms[transformId];
    const urn = transform.spec?.urn ?? '';
    const factory = Object.hasOwn(this.host.operators, urn) ? this.host.operators[urn] : undefined;
    if (factory === undefined) throw new Error(`"${transform.uniqueName}" is of a type not supported here: "${urn}"`);
    const operator = factory(transformId, transform, this.context);
    this.byTransform.set(transformId, operator);
    this.operators.push(operator);
    return operator;
  }

  private receiver(pcollectionId: string): Receive {
    const known = this.receivers.get(pcollectionId);
    if (known !== undefined) return known;
    const consumers = (this.consumers.get(pcollectionId) ?? []).map((id) => this.operator(id));
    const receive = fanOut(consumers, this.metrics.elementCount(pcollectionId));
    const coder = () => this.context.coders.getCoder(this.descriptor.pcollections[pcollectionId].coderId);
    const wrapped = this.host.wrapReceiver?.(receive, this.producers.get(pcollectionId), coder) ?? receive;
    this.receivers.set(pcollectionId, wrapped);
    return wrapped;
  }
}

function fanOut(consumers: readonly Operator[], count: CounterCell): Receive {
  if (consumers.length === 0) {
    return () => {
      count.value++;
      return null;
    };
  }
  if (consumers.length === 1) {
    const [only] = consumers;
    return (element) => {
      count.value++;
      return only.process(element);
    };
  }
  return (element) => {
    count.value++;
    const pending = consumers.map((consumer) => consumer.process(element)).filter((taken: Taken) => taken !== null);
    return pending.length === 0 ? null : Promise.all(pending).then(() => undefined);
  };
}

/** The PCollections whose elements are passed to `process`: not the side inputs, which come through state. */
function mainInputs(transform: PTransform): string[] {
  if (transform.spec?.urn !== PAR_DO_URN) return Object.values(transform.inputs);
  const { sideInputs } = ParDoPayload.fromBinary(transform.spec.payload);
  return Object.entries(transform.inputs).flatMap(([tag, id]) => (tag in sideInputs ? [] : [id]));
}

function hasState(descriptor: ProcessBundleDescriptor): boolean {
  return Object.values(descriptor.transforms).some(({ spec }) => {
    if (spec?.urn !== PAR_DO_URN) return false;
    const { stateSpecs, timerFamilySpecs } = ParDoPayload.fromBinary(spec.payload);
    return Object.keys(stateSpecs).length + Object.keys(timerFamilySpecs).length > 0;
  });
}
