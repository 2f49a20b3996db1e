/** What the command line asks of pipelines/, so that tests can put another in its place. */
import type { PlanSummary, Published, PublishOptions, RunHooks, RunResult } from '../pipelines/index.js';
import type { Config } from '../schemas/config.js';
import type { Report } from '../schemas/report.js';

export type {
  PlanSummary,
  Progress,
  Published,
  PublishOptions,
  RunHooks,
  RunResult,
  SubmissionSummary,
} from '../pipelines/index.js';

export interface Job {
  planBalance(config: Config, hooks?: RunHooks): Promise<PlanSummary>;
  runBalance(config: Config, hooks?: RunHooks): Promise<RunResult>;
  publishRun(directory: string, options: PublishOptions, hooks?: RunHooks): Promise<Published>;
  /** The report as the lines of a table of at most `width` characters. */
  renderReport(report: Report, width: number): readonly string[];
}
