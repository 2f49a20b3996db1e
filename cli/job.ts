/** What the command line asks of pipelines/, so that tests can put another in its place. */
import type {
  DiffOptions,
  EvaluateOptions,
  EvaluationResult,
  HistoryEntry,
  Leftovers,
  MergeOptions,
  NightlyHooks,
  NightlyOptions,
  NightlyResult,
  NightPlan,
  PlanSummary,
  ProxiesOptions,
  Published,
  PublishOptions,
  RunHooks,
  RunResult,
  StatsPlanSummary,
  StatsResult,
} from '../pipelines/index.js';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import type { Config } from '../schemas/config.js';
import type { Corrected } from '../schemas/corrected.js';
import type { Evaluation } from '../schemas/evaluation.js';
import type { Proxies } from '../schemas/proxies.js';
import type { Report } from '../schemas/report.js';
import type { Diff } from '../schemas/stats-diff.js';
import type { StatsReport } from '../schemas/stats-report.js';

export type {
  HistoryEntry,
  InputSummary,
  Leftovers,
  NightEvent,
  NightlyHooks,
  NightlyOptions,
  NightlyResult,
  NightPlan,
  PlanSummary,
  Progress,
  Published,
  PublishOptions,
  RunHooks,
  RunResult,
  StatsPlanSummary,
  SubmissionSummary,
  Truth,
} from '../pipelines/index.js';

export interface Job {
  planBalance(config: Config, hooks?: RunHooks): Promise<PlanSummary>;
  runBalance(config: Config, hooks?: RunHooks): Promise<RunResult>;
  /** What dead runs have left beside an output. */
  findLeftovers(directory: string): Promise<Leftovers>;
  /** `force`: also what another machine's run has left. */
  removeLeftovers(directory: string, force: boolean): Promise<Leftovers>;
  /** The report as the lines of a table of at most `width` characters. */
  renderReport(report: Report, width: number): readonly string[];
  planStats(config: Config, hooks?: RunHooks): Promise<StatsPlanSummary>;
  runStats(config: Config, hooks?: RunHooks): Promise<StatsResult>;
  renderStats(report: StatsReport, width: number): readonly string[];
  evaluateTags(config: Config, options: EvaluateOptions, hooks?: RunHooks): Promise<EvaluationResult>;
  renderEvaluation(evaluation: Evaluation, width: number): readonly string[];
  mergeOutputs(paths: readonly string[], options: MergeOptions): Promise<StatsResult>;
  diffOutputs(before: string, after: string, options: DiffOptions): Promise<Diff>;
  findProxies(path: string, options: ProxiesOptions, hooks?: Pick<RunHooks, 'onLog'>): Promise<Proxies>;
  renderProxies(proxies: Proxies, width: number): readonly string[];
  correctOutput(path: string, evaluation: string): Promise<Corrected>;
  renderCorrected(corrected: Corrected, width: number): readonly string[];
  publishRun(directory: string, options: PublishOptions, hooks?: RunHooks): Promise<Published>;
  publishDiff(diff: Diff, bigquery: BigQueryConfig, hooks?: RunHooks): Promise<Published>;
  planNights(config: Config, options: NightlyOptions): Promise<NightPlan>;
  runNightly(config: Config, options: NightlyOptions, hooks?: NightlyHooks): Promise<NightlyResult>;
  nightlyHistory(directory: string): Promise<readonly HistoryEntry[]>;
  rollback(directory: string, run: string): Promise<{ readonly run: string; readonly from: string }>;
  renderDiff(diff: Diff, width: number): readonly string[];
}
