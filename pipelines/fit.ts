/** The fit: exact on the counted patterns or on a sample of them, or the stream; calibration; and the largest feasible rate. */
import { deserialize, serialize } from 'node:v8';
import { kvCoder } from '../beam/index.js';
import { DUALS_VERSION, type Duals, decodeDuals, warmStart } from '../schemas/duals.js';
import { ConfigError, InputError } from '../schemas/errors.js';
import type { TagNames } from '../schemas/tags.js';
import { calibrateHistogram, firstGrid, WANTED_BOUND } from '../transforms/balance/calibrate.js';
import { fitExact } from '../transforms/balance/exact.js';
import { createInstance } from '../transforms/balance/instance.js';
import { largestRate } from '../transforms/balance/largest-rate.js';
import { m4, tagsCoder } from '../transforms/balance/m4.js';
import {
  LEVEL_OVERFLOWN,
  LEVEL_WITHOUT_UTILITY,
  type PatternTable,
  patternCounts,
} from '../transforms/balance/patterns.js';
import { createProblem, type Problem } from '../transforms/balance/problem.js';
import type { Gathered } from '../transforms/balance/range-files.js';
import { decodeStream, mergeStreams, streamSteps } from '../transforms/balance/stream.js';
import {
  allSnapshots,
  calibrate,
  decodeMargins,
  decodeSnapshots,
  latestSnapshot,
  mergeMargins,
  tagged,
} from '../transforms/balance/tagged.js';
import type { WeightDuals } from '../transforms/balance/weight.js';
import { handOver } from '../transforms/read/handed.js';
import type { Job } from '../transforms/read/job.js';
import type { RunContext } from './hooks.js';
import { type OtherRates, otherRates } from './other-rates.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { spreadSplits } from './spread.js';

export interface Fitted extends OtherRates {
  readonly problem: Problem;
  readonly duals: Duals;
  /** Newton iterations, or examples seen. */
  readonly steps: number;
  /** null where there were too many patterns to know. */
  readonly largestRate: number | null;
  /** Whether the rate is at most the largest feasible one; null where that is not known. */
  readonly feasible: boolean | null;
  /** A lower bound on the optimum, where it does not come from the duals that weighed (online); 0 is always one. */
  readonly dualBound?: number;
}

/** A rate that was chosen by `auto` is rounded down to this many decimals, and so stays feasible. */
const AUTO_DECIMALS = 6;
/** A rate this close to the largest, relatively, counts as feasible: the two come from different sums. */
const RATE_ROUNDING = 1e-6;

export interface FitContext extends RunContext {
  readonly names: TagNames;
}

/**
 * Fits the duals to what was counted, of at least one row. Throws ConfigError where the asked fit or
 * rate needs fewer patterns than there are, or no rate at all is feasible.
 */
export async function fit(context: FitContext, gathered: Gathered): Promise<Fitted> {
  const { table: patterns, sample } = gathered;
  const { job, names, hooks } = context;
  const { balance, attributes } = job.config;
  requireUtility(patterns, balance.utility);
  const targets = names.attributes.map((name) => attributes[name].target);
  const instance = patterns.level === LEVEL_OVERFLOWN ? undefined : createInstance(patterns);
  const counts = patternCounts(patterns);
  const asked = createProblem(balance, targets, names, { counts });
  const largest = instance === undefined ? null : largestRate(instance, asked).rate;
  const rate = balance.rate === 'auto' ? automaticRate(largest, balance.patterns) : balance.rate;
  const problemAt = (rate: number) => createProblem(balance, targets, names, { counts, rate });
  const problem = problemAt(rate);
  const start = startOf(job, names);
  const dualsOf = (weight: WeightDuals, steps: number, fit: 'exact' | 'thinned' | 'stream'): Duals => ({
    version: DUALS_VERSION,
    attributes: [...names.attributes],
    labels: [...names.labels],
    ...weight,
    steps,
    fit,
    configHash: job.run,
  });

  const exactly = instance !== undefined && patterns.level < LEVEL_WITHOUT_UTILITY;
  if (balance.fit === 'exact' && !exactly) {
    throw new ConfigError([
      `balance.fit: exact needs at most balance.patterns = ${balance.patterns} distinct patterns, and there are more. Raise it, or use auto, which then fits a sample of them, or stream.`,
    ]);
  }
  const known = {
    problem,
    largestRate: largest,
    feasible: isFeasible(rate, largest),
    ...otherRates({ ...gathered, whole: instance }, job.config, rate, problemAt),
  };
  if (exactly && balance.fit !== 'stream') {
    const { w, mu, utilityMean, iterations } = fitExact(instance, problem, start === undefined ? {} : { start });
    const fitted = { w, mu, rate, utilityMean };
    // Rounded utilities leave E[q] a little off the rate.
    const duals = patterns.level === 0 ? fitted : await calibrated(context, problem, fitted);
    return { ...known, steps: iterations, duals: dualsOf(duals, patterns.rows, 'exact') };
  }
  if (sample !== undefined && balance.fit !== 'stream') {
    hooks.onLog?.(
      'info',
      `more than ${balance.patterns} distinct patterns: fitting a weighted sample of as many; its error is in the gap`,
    );
    const thinned = createInstance(sample.table, sample.utilityMean);
    const { w, mu, utilityMean, iterations } = fitExact(thinned, problem, start === undefined ? {} : { start });
    const duals = await calibrated(context, problem, { w, mu, rate, utilityMean });
    return { ...known, steps: iterations, duals: dualsOf(duals, patterns.rows, 'thinned') };
  }
  const { duals, steps } = await fitStream(context, problem, start);
  return { ...known, steps, duals: dualsOf(duals, steps, 'stream') };
}

/** Throws InputError where the utility is 0 in every row, and so cannot be scaled to mean 1. */
export function requireUtility({ cells, cellUtility }: PatternTable, column: string | undefined): void {
  if (cells === 0 || cellUtility.subarray(0, cells).some((u) => u > 0)) return;
  throw new InputError('utility', {
    place: `column ${column}`,
    expected: 'a number above 0 in some row that passes the filters',
    got: '0 in each',
  });
}

/** Whether a rate is at most the largest feasible one; null where that is not known. */
export function isFeasible(rate: number, largest: number | null): boolean | null {
  return largest === null ? null : rate <= largest * (1 + RATE_ROUNDING);
}

/** The duals of an earlier run under the names of this one, where the configuration gives any. */
export function startOf(job: Job, names: TagNames): { w: Float64Array; mu: number } | undefined {
  return job.warm === undefined ? undefined : warmStart(decodeDuals(job.warm, job.config.balance.warm), names);
}

/** The largest rate, rounded down. Throws ConfigError where it is not known, or 0. */
export function automaticRate(largest: number | null, limit: number): number {
  if (largest === null) {
    throw new ConfigError([
      `balance.rate: auto needs at most balance.patterns = ${limit} distinct patterns of attributes and labels, and there are more. Give a rate, or raise balance.patterns.`,
    ]);
  }
  const scale = 10 ** AUTO_DECIMALS;
  const rate = Math.floor(largest * scale) / scale;
  if (rate > 0) return rate;
  throw new ConfigError([
    'balance.rate: no rate above 0 meets the tolerances: an attribute or a label may be known on one side only. Loosen balance.tolerance, change targets, or drop the label.',
  ]);
}

type StreamStart = { readonly w: Float64Array; readonly mu: number };

/** More passes than this would not help: each narrows the grid by hundreds. */
const MAXIMUM_CALIBRATIONS = 4;

/** What the stateful step is given. */
type StreamTask = Parameters<typeof m4>[0];

/** The stream fit: one pass over the tags, in as many streams as the configuration says. */
export function streamPhase(staging: string, { plan, config }: Job, task: StreamTask): Phase {
  const { streams } = config.balance;
  return {
    name: 'streams',
    title: 'fit (stream)',
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'stream', staging)
        .parDo('stream: tag', tagged({ staging, streams }), { coder: kvCoder(tagsCoder) })
        .parDo('stream: M4', m4(task), { coder: partialCoder }),
    combine: latestSnapshot({}),
    reduce: allSnapshots({}),
  };
}

type CalibrationTask = Omit<Parameters<typeof calibrate>[0], 'staging'>;

/** One pass that counts weights by margin, on a grid around mu. */
export function calibrationPhase(staging: string, { plan }: Job, pass: number, config: CalibrationTask): Phase {
  return {
    name: `calibration-${pass}`,
    title: 'calibrate',
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'calibrate', staging).parDo('calibrate: margins', calibrate({ staging, ...config }), {
        coder: partialCoder,
      }),
    reduce: mergeMargins(config.grid),
  };
}

async function fitStream(
  context: FitContext,
  problem: Problem,
  start: StreamStart | undefined,
): Promise<{ duals: WeightDuals; steps: number }> {
  const { staging, job } = context;
  const task = await handOver(staging, 'streams', { problem, start });
  const snapshots = await runPhase(context, streamPhase(staging, job, task));
  const states = decodeSnapshots(snapshots).streams.map(([, bytes]) => decodeStream(problem, bytes));
  const duals = await calibrated(context, problem, mergeStreams(states));
  return { duals, steps: states.reduce((sum, state) => sum + streamSteps(state), 0) };
}

/** The duals with mu moved so that E[q] is the rate, to 1e-6. */
async function calibrated(context: FitContext, problem: Problem, fitted: WeightDuals): Promise<WeightDuals> {
  const { staging, job } = context;
  let duals = fitted;
  let grid = firstGrid(duals.mu, problem.maximum);
  for (let pass = 1; pass <= MAXIMUM_CALIBRATIONS; pass++) {
    const task = await handOver(staging, `calibration-${pass}`, { problem, duals });
    const histogram = await runPhase(context, calibrationPhase(staging, job, pass, { grid, task }));
    const { mu, bound, finer } = calibrateHistogram(decodeMargins(histogram), problem, duals.mu);
    duals = { ...duals, mu };
    if (bound <= WANTED_BOUND) break;
    grid = finer;
  }
  return duals;
}

export function encodeFitted(fitted: Fitted): Uint8Array {
  return new Uint8Array(serialize(fitted));
}

export function decodeFitted(bytes: Uint8Array): Fitted {
  return deserialize(new Uint8Array(bytes));
}
