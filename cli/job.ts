/** What the command line asks of pipelines/: a plan from the footers alone, and the run. */
import type { Config } from '../schemas/config.js';
import type { Report } from '../schemas/report.js';

export interface Progress {
  /** What is being done, in a word or two: `fit`, `write`. */
  readonly phase: string;
  readonly rows: number;
  /** Rows of the phase, 0 where they are not known. */
  readonly total: number;
  /** Counts by name, for example rows dropped by reason. */
  readonly counters: ReadonlyMap<string, number>;
}

export interface RunHooks {
  onProgress?(progress: Progress): void;
  onLog?(level: 'info' | 'warn', message: string): void;
  readonly signal?: AbortSignal;
}

export interface PlanSummary {
  readonly files: readonly {
    readonly path: string;
    readonly format: string;
    readonly rows: number;
    readonly splits: number;
    readonly bytes: number;
    /** Why the file cannot be read; its rows are not in the sums. */
    readonly problem?: string;
  }[];
  readonly rows: number;
  readonly splits: number;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly canonical?: string }[];
  readonly filters: readonly string[];
  readonly attributes: readonly string[];
  readonly labels: { readonly names: readonly string[]; readonly count: number | 'found at run time' };
  readonly passes: readonly { readonly name: string; readonly why: string }[];
  readonly shards: { readonly rows: number };
}

export interface RunResult {
  readonly report: Report;
  readonly directory: string;
  readonly files: readonly string[];
  /** The directory already held this run's finished output; nothing was done. */
  readonly alreadyDone: boolean;
}

export interface Job {
  planBalance(config: Config, hooks?: RunHooks): Promise<PlanSummary>;
  runBalance(config: Config, hooks?: RunHooks): Promise<RunResult>;
  /** The report as the lines of a table of at most `width` characters. */
  renderReport(report: Report, width: number): readonly string[];
}
