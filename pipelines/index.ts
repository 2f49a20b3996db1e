import { registerModule } from '../beam/index.js';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import type { RunHooks } from './hooks.js';
import type { DriftToPublish, Published, PublishOptions } from './publish.js';

export { renderReport } from '../transforms/stats/table.js';
export { type RunResult, runBalance } from './balance.js';
export type { Progress, RunHooks } from './hooks.js';
export { type PlanSummary, planBalance } from './plan.js';
export type { DriftToPublish, Published, PublishOptions } from './publish.js';
export type { SubmissionSummary } from './submission.js';

/** See `publishRun` of publish.ts, which is loaded when it is called: workers do without the client of BigQuery. */
export async function publishRun(directory: string, options: PublishOptions, hooks: RunHooks = {}): Promise<Published> {
  return (await import('./publish.js')).publishRun(directory, options, hooks);
}

/** See `publishDrift` of publish.ts. */
export async function publishDrift(drift: DriftToPublish, bigquery: BigQueryConfig, hooks: RunHooks = {}) {
  return (await import('./publish.js')).publishDrift(drift, bigquery, hooks);
}

// Workers of a remote runner import this module, and with it every step of the runs.
registerModule('m4-balance/pipelines/index');
