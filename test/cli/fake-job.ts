/** A job that reads nothing: for tests of the command line alone. */
import type { Job, Leftovers, PlanSummary, RunResult } from '../../cli/job.js';
import type { BigQueryConfig } from '../../schemas/bigquery.js';
import type { Config } from '../../schemas/config.js';
import { InputError } from '../../schemas/errors.js';
import type { Report } from '../../schemas/report.js';

export const PLAN: PlanSummary = {
  files: [
    { path: 'data/a.parquet', format: 'parquet', rows: 1200, splits: 2, bytes: 3_400_000 },
    { path: 'data/\x1b[2Jb.parquet', format: 'parquet', rows: 0, splits: 0, bytes: 10, problem: 'no footer' },
  ],
  rows: 1200,
  splits: 2,
  columns: [
    { name: 'uid', type: 'Utf8', canonical: 'id' },
    { name: 'quality', type: 'Float32' },
  ],
  filters: ['words', 'similarity'],
  attributes: ['female'],
  labels: { names: ['doctor', 'nurse'], count: 2 },
  passes: [
    { name: 'fit', why: 'counts patterns' },
    { name: 'write', why: 'weights and shards' },
  ],
  shards: { rows: 100_000 },
};

/** Of a report, what the command line reads. */
export function report(feasible: boolean): Report {
  return { certificate: { feasible, rate: 0.9, largestFeasibleRate: 0.286142 } } as Report;
}

export interface FakeJob extends Job {
  readonly configs: Config[];
  /** What was published, in order. */
  readonly published: readonly { readonly directory: string; readonly bigquery: BigQueryConfig | undefined }[];
}

async function unexpected(): Promise<never> {
  throw new Error('this test asks for balance alone');
}

const leftovers = (directory: string): Leftovers => ({
  directory,
  owner: { pid: 7, host: 'elsewhere', state: 'elsewhere' },
  leftovers: [{ path: `${directory}.partial`, files: 3, bytes: 1.5 * 2 ** 20, what: 'an unfinished run' }],
});

export function fakeJob(result: () => Partial<RunResult> = () => ({})): FakeJob {
  const configs: Config[] = [];
  const published: FakeJob['published'][number][] = [];
  return {
    configs,
    published,
    async planBalance(config) {
      configs.push(config);
      return PLAN;
    },
    async runBalance(config, hooks) {
      configs.push(config);
      hooks?.onProgress?.({ phase: 'fit', rows: 600, total: 1200, counters: new Map([['words', 3]]) });
      hooks?.onLog?.('info', 'patterns: 193');
      hooks?.onLog?.('warn', '3 rows are unreadable');
      return {
        report: report(true),
        directory: config.output.directory,
        files: ['manifest.json', 'pairs-train-00000-of-00001.parquet'],
        alreadyDone: false,
        ...result(),
      };
    },
    async findLeftovers(directory) {
      return leftovers(directory);
    },
    async removeLeftovers(directory, force) {
      if (!force) throw new InputError('clean', { expected: 'what a dead run has left', got: 'what may live' });
      return leftovers(directory);
    },
    async publishRun(directory, { bigquery }) {
      published.push({ directory, bigquery });
      return { directory, target: `p.${bigquery?.dataset}`, rows: { runs: 1, moments: 1200 }, alreadyDone: false };
    },
    planNights: unexpected,
    runNightly: unexpected,
    nightlyHistory: unexpected,
    rollback: unexpected,
    publishDiff: unexpected,
    planStats: unexpected,
    runStats: unexpected,
    evaluateTags: unexpected,
    renderEvaluation: () => [],
    mergeOutputs: unexpected,
    diffOutputs: unexpected,
    correctOutput: unexpected,
    renderCorrected: () => [],
    findProxies: unexpected,
    renderProxies: () => [],
    renderStats: () => [],
    renderDiff: () => [],
    renderReport: (_report, width) => [`table of ${width} columns`, 'doctor\x1b[31m'],
  };
}
