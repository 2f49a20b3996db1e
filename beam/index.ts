/**
 * What the Apache Beam TypeScript SDK 2.49.0 lacks, through its exported API: async DoFns with backpressure, user state, coders
 * that keep what they are given, a direct runner, a worker that loses nothing, and job submission.
 *
 * Every file imports ./sdk.js before any sub-path of the SDK: most other orders fail on its circular imports, and the
 * SDK's root loads Google's Pub/Sub client, which takes longer than a small run.
 */
import './sdk.js';

export type { Coder } from 'apache-beam/coders/coders';
export type { Root } from 'apache-beam/pvalue';
export {
  bytesCoder,
  defineBytesCoder,
  float64ArrayCoder,
  kvCoder,
  stringCoder,
  structuredCoder,
} from './coders.js';
export { type RunOptions, type RunResult, runDirect, setVerifyCoders } from './direct-runner.js';
export {
  type BundleContext,
  DoFn,
  type DoFnRef,
  instantiate,
  type KV,
  type MaybePromise,
  type Outputs,
  type ProcessContext,
  registerDoFn,
} from './dofn.js';
export type { WorkerEnvironment } from './environment.js';
export { type Flow, flatten, groupByKey, impulse, type ParDoOptions } from './flow.js';
export { JobError } from './job-error.js';
export { registerMerge } from './merge.js';
export type { Distribution } from './metrics.js';
export { registerModule } from './modules.js';
export { cutPieces, joinPieces, PIECE_BYTES } from './pieces.js';
export { type JobOptions, runPortable, startWorkerPool, type WorkerPool } from './remote.js';
export { reshuffle } from './reshuffle.js';
export { openDirect } from './runners/direct.js';
export type { JobRunOptions, Runner } from './runners/runner.js';
export {
  type BagState,
  type BagStateSpec,
  bagState,
  type StateHandles,
  type StateSpec,
  type StateSpecs,
  type ValueState,
  type ValueStateSpec,
  valueState,
} from './state-spec.js';
