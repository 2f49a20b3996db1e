import { registerModule } from '../beam/index.js';

export { renderReport } from '../transforms/stats/table.js';
export { type RunResult, runBalance } from './balance.js';
export { findLeftovers, type Leftovers, removeLeftovers } from './clean.js';
export type { Progress, RunHooks } from './hooks.js';
export { type PlanSummary, planBalance } from './plan.js';
export type { SubmissionSummary } from './submission.js';

// Workers of a remote runner import this module, and with it every step of the runs.
registerModule('m4-balance/pipelines/index');
