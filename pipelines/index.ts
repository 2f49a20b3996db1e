import { registerModule } from '../beam/index.js';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import type { Diff } from '../schemas/stats-diff.js';
import type { RunHooks } from './hooks.js';
import type { Published, PublishOptions } from './publish.js';

export { renderCorrected } from '../transforms/stats/corrected-table.js';
export type { DiffOptions } from '../transforms/stats/diff.js';
export { renderDiff } from '../transforms/stats/diff-table.js';
export { renderEvaluation } from '../transforms/stats/evaluation-table.js';
export { renderProxies } from '../transforms/stats/proxies-table.js';
export { renderStats } from '../transforms/stats/stats-table.js';
export { renderReport } from '../transforms/stats/table.js';
export { type RunResult, runBalance } from './balance.js';
export { findLeftovers, type Leftovers, removeLeftovers } from './clean.js';
export { correctOutput } from './correct.js';
export { type EvaluateOptions, type EvaluationResult, evaluateTags, type Truth } from './evaluate.js';
export type { Progress, RunHooks } from './hooks.js';
export { type HistoryEntry, nightlyHistory, rollback } from './nightly/history.js';
export type { NightEvent, NightlyHooks } from './nightly/hooks.js';
export type { NightlyOptions, NightPlan } from './nightly/plan.js';
export { type NightlyResult, planNights, runNightly } from './nightly/run.js';
export { diffOutputs, type MergeOptions, mergeOutputs } from './outputs.js';
export { type InputSummary, type PlanSummary, planBalance } from './plan.js';
export { planStats, type StatsPlanSummary } from './plan-stats.js';
export { findProxies, type ProxiesOptions } from './proxies.js';
export type { Published, PublishOptions } from './publish.js';
export { runStats, type StatsResult } from './stats.js';
export type { SubmissionSummary } from './submission.js';

/** See `publishRun` of publish.ts, which is loaded when it is called: workers do without the client of BigQuery. */
export async function publishRun(directory: string, options: PublishOptions, hooks: RunHooks = {}): Promise<Published> {
  return (await import('./publish.js')).publishRun(directory, options, hooks);
}

/** See `publishDiff` of publish-diff.ts. */
export async function publishDiff(diff: Diff, bigquery: BigQueryConfig, hooks: RunHooks = {}): Promise<Published> {
  return (await import('./publish-diff.js')).publishDiff(diff, bigquery, hooks);
}

// Workers of a remote runner import this module, and with it every step of the runs.
registerModule('m4-balance/pipelines/index');
