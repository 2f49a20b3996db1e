import './sdk.js';
import type { PipelineContext } from 'apache-beam/internal/pipeline';
import type {
  ProcessBundleDescriptor,
  ProcessBundleSplitRequest_DesiredSplit,
  ProcessBundleSplitResponse_ChannelSplit,
} from 'apache-beam/proto/beam_fn_api';
import type { PTransform } from 'apache-beam/proto/beam_runner_api';
import type { WindowedValue } from 'apache-beam/values';
import type { DataChannel } from './data-channel.js';
import type { MaybePromise } from './dofn.js';
import type { BundleMetrics } from './metrics.js';
import type { StateBackend } from './state-backend.js';

/** Null when the element has been taken, else a promise that resolves when it has: whoever sends the next one awaits it. */
export type Taken = Promise<void> | null;

/** Hands an element to all consumers of a PCollection. */
export type Receive = (element: WindowedValue<any>) => Taken;

/** A transform at work in one bundle processor. Serves many bundles, one at a time. */
export interface Operator {
  /** Called consumers first. */
  startBundle?(): MaybePromise<void>;
  process(element: WindowedValue<any>): Taken;
  /** Called producers first. A source does its work here. */
  finishBundle?(): MaybePromise<void>;
  /** Where a source would stop, if it can give away the rest. */
  split?(desired: ProcessBundleSplitRequest_DesiredSplit): ProcessBundleSplitResponse_ChannelSplit | undefined;
  /** Called once, after the last bundle or a failed one. Waits for what is in flight; must not throw. */
  teardown?(): Promise<void>;
}

/** What an operator may use of the processor it is in. */
export interface OperatorContext {
  readonly descriptor: ProcessBundleDescriptor;
  /** Decodes the descriptor's coders. */
  readonly coders: PipelineContext;
  readonly metrics: BundleMetrics;
  /** Ends the work between two elements, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Creates the consumers first, so that operators come to be in reverse topological order. */
  receiver(pcollectionId: string): Receive;
  /** Id of the running bundle. */
  bundleId(): string;
  /** State and side inputs of the running bundle. */
  state(): StateBackend;
  dataChannel(url: string): DataChannel;
}

export type OperatorFactory = (transformId: string, transform: PTransform, context: OperatorContext) => Operator;

/** The receiver of a transform's only output. */
export function onlyReceiver(transform: PTransform, context: OperatorContext): Receive {
  const outputs = Object.values(transform.outputs);
  if (outputs.length !== 1) throw new Error(`"${transform.uniqueName}" has ${outputs.length} outputs, expected one`);
  return context.receiver(outputs[0]);
}

/** An operator that hands on what it gets: flatten, and on the direct runner reshuffle. */
export const passThrough: OperatorFactory = (_id, transform, context) => ({
  process: onlyReceiver(transform, context),
});
