import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { Pipeline } from 'apache-beam/internal/pipeline';
import { Root } from 'apache-beam/pvalue';
import { BundleProcessor } from './bundle-processor.js';
import { roundTrip } from './coders.js';
import { directOperators } from './direct-operators.js';
import { directDescriptor } from './direct-plan.js';
import { countersOf, type Distribution, distributionsOf } from './metrics.js';
import type { Receive } from './operator.js';
import { inMemoryState } from './state-backend.js';
import { GROUP_BY_KEY_URN, IMPULSE_URN, PAR_DO_URN } from './urns.js';

/** Time between two calls of `onProgress`. */
const PROGRESS_MS = 100;

const VERIFIED_PRODUCERS: ReadonlySet<string> = new Set([PAR_DO_URN, GROUP_BY_KEY_URN]);

export interface RunResult {
  /** By name, summed over transforms. */
  readonly counters: ReadonlyMap<string, number>;
  readonly distributions: ReadonlyMap<string, Distribution>;
}

export interface RunOptions {
  /** Called about ten times a second with the counters so far. */
  onProgress?(counters: ReadonlyMap<string, number>): void;
  /** Stops the run between two elements; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with what a runner says of a job that goes on all the same: warnings, and errors that it tries again after. */
  onMessage?(text: string): void;
}

let verifyCoders = false;

/**
 * Test mode of the direct runner: passes every output of a DoFn or a grouping through its coder, as runners that distribute
 * the work do. Else only state and side inputs are encoded.
 */
export function setVerifyCoders(on: boolean): void {
  verifyCoders = on;
}

/**
 * Builds a pipeline and runs it in this process. Elements stream through: memory holds what `groupByKey` groups, side inputs,
 * and the main inputs that wait for them.
 *
 * Rejects with the original error of a DoFn, its message extended by the transform's name, when nothing is in flight any more.
 */
export async function runDirect(build: (root: Root) => void, options: RunOptions = {}): Promise<RunResult> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const pipeline = new Pipeline();
  build(new Root(pipeline));
  const state = inMemoryState();
  const processor = new BundleProcessor(directDescriptor(pipeline.getProto()), {
    operators: directOperators,
    roots: [IMPULSE_URN],
    signal,
    state: () => state,
    dataChannel: () => {
      throw new Error('the direct runner has no data channel');
    },
    wrapReceiver: (receive, producer, coder) =>
      verifyCoders && VERIFIED_PRODUCERS.has(producer?.spec?.urn ?? '') ? throughCoder(receive, coder()) : receive,
  });
  const progress = onProgress && setInterval(() => onProgress(processor.metrics.counters()), PROGRESS_MS);
  try {
    await processor.process('direct');
  } catch (error) {
    // The error that ended the run is the one to report, not one of the clean-up.
    await processor.teardown().catch(() => undefined);
    throw error;
  } finally {
    clearInterval(progress);
  }
  await processor.teardown();
  const infos = [...processor.metrics.report()].map(({ info }) => info);
  return { counters: countersOf(infos), distributions: distributionsOf(infos) };
}

function throughCoder(receive: Receive, coder: Coder<unknown>): Receive {
  return (element) => receive({ ...element, value: roundTrip(coder, element.value) });
}
