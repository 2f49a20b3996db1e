/** What the command line asks of pipelines/, so that tests can put another in its place. */
import type { Leftovers, PlanSummary, RunHooks, RunResult } from '../pipelines/index.js';
import type { Config } from '../schemas/config.js';
import type { Report } from '../schemas/report.js';

export type { Leftovers, PlanSummary, Progress, RunHooks, RunResult, SubmissionSummary } from '../pipelines/index.js';

export interface Job {
  planBalance(config: Config, hooks?: RunHooks): Promise<PlanSummary>;
  runBalance(config: Config, hooks?: RunHooks): Promise<RunResult>;
  /** What dead runs have left beside an output. */
  findLeftovers(directory: string): Promise<Leftovers>;
  /** `force`: also what another machine's run has left. */
  removeLeftovers(directory: string, force: boolean): Promise<Leftovers>;
  /** The report as the lines of a table of at most `width` characters. */
  renderReport(report: Report, width: number): readonly string[];
}
