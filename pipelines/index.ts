import { registerModule } from '../beam/index.js';

export type { DiffOptions } from '../transforms/stats/diff.js';
export { renderDiff } from '../transforms/stats/diff-table.js';
export { renderStats } from '../transforms/stats/stats-table.js';
export { renderReport } from '../transforms/stats/table.js';
export { type RunResult, runBalance } from './balance.js';
export type { Progress, RunHooks } from './hooks.js';
export { diffOutputs, type MergeOptions, mergeOutputs } from './outputs.js';
export { type InputSummary, type PlanSummary, planBalance } from './plan.js';
export { planStats, type StatsPlanSummary } from './plan-stats.js';
export { runStats, type StatsResult } from './stats.js';
export type { SubmissionSummary } from './submission.js';

// Workers of a remote runner import this module, and with it every step of the runs.
registerModule('m4-balance/pipelines/index');
