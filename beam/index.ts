/**
 * What the Apache Beam TypeScript SDK 2.49.0 lacks, through its exported API: async DoFns with backpressure, user state, coders
 * that keep what they are given, a direct runner, a worker that loses nothing, and job submission.
 *
 * Every file imports 'apache-beam' before any of its sub-paths: the other order fails on the SDK's circular imports.
 */
import 'apache-beam';

export type { Root } from 'apache-beam';
export type { Coder } from 'apache-beam/coders/coders';
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
  type KV,
  type MaybePromise,
  type Outputs,
  type ProcessContext,
  registerDoFn,
} from './dofn.js';
export type { WorkerEnvironment } from './environment.js';
export { type Flow, flatten, groupByKey, impulse, type ParDoOptions } from './flow.js';
export { type LoopbackPool, startLoopbackPool } from './loopback.js';
export type { Distribution } from './metrics.js';
export { registerModule } from './modules.js';
export { type JobOptions, runPortable } from './portable-runner.js';
export { reshuffle } from './reshuffle.js';
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
