/** The whole main job, and that of statistics, on a real runner, against the direct one: the same files, byte for byte, and the same counters. */
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Progress, runBalance, runStats } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { readOutput } from '../end-to-end/outputs.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { saveCaptions } from './caption-files.js';
import type { Absent, Started } from './runners.js';

/** A phase that takes longer without progress hangs. */
const STALL_SECONDS = 180;
const TEST_MS = 15 * 60_000;
/** Forty splits, so that every worker gets some. */
const INPUT = { rows: 10_000, rowGroupRows: 500 };

export interface Where {
  readonly runner: Started | Absent;
  /** `runner.name`. */
  readonly name: 'prism' | 'flink' | 'portable';
  readonly environments: readonly ('external' | 'process')[];
  readonly parallelism: number;
}

interface Outcome {
  readonly directory: string;
  readonly files: Record<string, string>;
  /** Phase: its last counters. */
  readonly counters: Record<string, Record<string, number>>;
}

const base = {
  attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
  labels: [{ lexicon: 'occupations' }],
  filters: [{ words: { minimum: 5 } }, { unique: {} }],
};
const tolerance = { representation: 0.01, association: 0.001 };
const slices = [{ attributes: { names: ['female'] } }];
const balance = { rate: 'auto', tolerance, fit: 'exact' } as const;
const JOBS = {
  exact: { run: runBalance, job: { ...base, balance }, files: 31 },
  shuffled: { run: runBalance, job: { ...base, balance }, output: { shuffle: 'global' }, files: 31 },
  // Of captions that we made few are left.
  near: { run: runBalance, job: { ...base, filters: [...base.filters, { near: {} }], balance }, files: 13 },
  online: {
    run: runBalance,
    job: { ...base, balance: { rate: 0.5, tolerance, fit: 'online', streams: 1 } },
    files: 30,
  },
  stats: { run: runStats, job: { ...base, stats: { slices, words: 500 } }, files: 4 },
} as const;

/** Runs a job in `folder`, always into the same directory, as that is a part of the report, and moves the output to `name`. */
async function outcomeOf(
  folder: string,
  name: string,
  { run, job, ...more }: (typeof JOBS)[keyof typeof JOBS],
  runner: object,
): Promise<Outcome> {
  const output = join(folder, 'out');
  const counters: Outcome['counters'] = {};
  const config = parseConfig({
    input: { files: join(folder, 'input') },
    ...job,
    output: {
      directory: output,
      shardRows: 1_000,
      formats: ['parquet', 'arrow', 'tfrecord'],
      ...('output' in more && more.output),
    },
    runner,
  });
  const onProgress = (progress: Progress) => {
    counters[progress.phase] = Object.fromEntries([...progress.counters].sort());
  };
  await run(config, { onProgress });
  assert.ok(!existsSync(`${output}.partial`), 'nothing is left beside the output');
  const directory = join(folder, name);
  renameSync(output, directory);
  return { directory, files: digests(directory), counters };
}

/**
 * What an online run promises on any number of workers. A stream weighs each unit by what it learned from those before it, and the
 * units of a stream come in the order in which the runner delivers them, which no runner promises: so weights, and with them the
 * bytes, are those of one order of arrival. Everything that does not depend on the order is promised: what is read, filtered,
 * tagged and counted, the examples learned from, the problem and the bound on its optimum.
 */
function assertSamePromises(direct: Outcome, other: Outcome): void {
  const [expected, report] = [direct, other].map((o) => readOutput(o.directory).report) as [Report, Report];
  const { read } = expected.rows;
  assert.equal(report.rows.read, read);
  const reasons = ({ rows }: Report) =>
    Object.entries(rows.dropped).filter(([reason]) => /^(words|unique|unreadable)/.test(reason));
  assert.deepEqual(reasons(report), reasons(expected));
  const dropped = Object.values(report.rows.dropped).reduce((sum, rows) => sum + rows, 0);
  assert.equal(dropped + report.rows.written, read, 'no row is lost or doubled');
  const counted = ({ bias }: Report) =>
    bias.filter(({ stage }) => !['balanced', 'resampled', 'random'].includes(stage));
  assert.deepEqual(counted(report), counted(expected));
  const { steps, dual, largestFeasibleRate, feasible } = expected.certificate!;
  assert.equal(report.certificate!.steps, steps);
  assert.equal(report.certificate!.dual, dual);
  assert.equal(report.certificate!.largestFeasibleRate, largestFeasibleRate);
  assert.equal(report.certificate!.feasible, feasible);
}

type Report = ReturnType<typeof readOutput>['report'];

/** Declares a test for each kind of job and environment; skipped, with the reason, where the runner is absent. */
export function compareWholeJobs(title: string, { runner, name, environments, parallelism }: Where): void {
  const skip = runner.absent ?? false;
  after(() => runner.absent === undefined && runner.stop());
  describe(`the whole job on ${title}`, { skip }, () => {
    for (const [kind, job] of Object.entries(JOBS)) {
      test(`${kind}: as on the direct runner`, { timeout: TEST_MS }, async (t) => {
        assert.ok(runner.absent === undefined);
        const folder = scratch(t);
        await saveCaptions(folder, INPUT);
        const direct = await outcomeOf(folder, 'direct', job, {});
        assert.ok(Object.keys(direct.files).length >= job.files, 'several shards of each format');
        for (const environment of environments) {
          const started = performance.now();
          const { endpoint } = runner;
          const settings = { name, endpoint, environment, parallelism, timeout: STALL_SECONDS };
          const outcome = await outcomeOf(folder, environment, job, settings);
          const seconds = ((performance.now() - started) / 1000).toFixed(1);
          const same = JSON.stringify(outcome.files) === JSON.stringify(direct.files);
          t.diagnostic(`${environment}: ${seconds} s; all ${Object.keys(direct.files).length} files the same: ${same}`);
          assert.deepEqual(outcome.counters, direct.counters, environment);
          if (kind === 'online') assertSamePromises(direct, outcome);
          else assert.deepEqual(outcome.files, direct.files, environment);
        }
      });
    }
  });
}
