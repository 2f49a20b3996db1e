/** Finds mu such that E[q] is the rate, for given w: exactly over patterns, or from a mergeable histogram of eta u - v.a. */
import {
  addUnits,
  carry,
  createSums,
  type ExactSums,
  mergeSums,
  sumValue,
  toUnits,
  UNIT,
} from '../../schemas/exact-sum.js';
import type { Tags } from '../../schemas/tags.js';
import type { Instance } from './instance.js';
import { solveMean } from './mean-dual.js';
import type { Problem } from './problem.js';
import { margins, marginTable, scaledUtility, type WeightDuals } from './weight.js';

/** Disjoint ranges of x = eta u - v.a, ascending, each cut into `bins` equal bins; what is outside falls into one bin a gap. */
export interface MarginGrid {
  readonly windows: readonly { readonly low: number; readonly high: number }[];
  readonly bins: number;
}

export interface MarginHistogram {
  readonly grid: MarginGrid;
  rows: number;
  /** [bins] rows, sum, least and largest x. */
  readonly count: Float64Array;
  readonly sum: ExactSums;
  readonly least: Float64Array;
  readonly most: Float64Array;
}

export interface Calibration {
  readonly mu: number;
  /** |E[q] - rate| at mu is at most this. */
  readonly bound: number;
  /** Where to look again, in one more pass, if the bound is too large. */
  readonly finer: MarginGrid;
}

const BINS = 4096;
/** How far from the start, in units of weight, the first grid looks. */
const REACH = 4;
/** A bound that needs no second pass. */
export const WANTED_BOUND = 1e-6;

/** The first grid: around the mu that the fit ended with. */
export function firstGrid(mu: number, maximum: number): MarginGrid {
  return { windows: [{ low: mu - REACH, high: mu + maximum + REACH }], bins: BINS };
}

export function createHistogram(grid: MarginGrid): MarginHistogram {
  const bins = grid.windows.length * (grid.bins + 1) + 1;
  return {
    grid,
    rows: 0,
    count: new Float64Array(bins),
    sum: createSums(bins),
    least: new Float64Array(bins).fill(Number.POSITIVE_INFINITY),
    most: new Float64Array(bins).fill(Number.NEGATIVE_INFINITY),
  };
}

/** Adds a batch, with its raw utility [rows] or none; mu of the duals is not read. */
export function addMargins(
  histogram: MarginHistogram,
  tags: Tags,
  utility: Float64Array | undefined,
  duals: WeightDuals,
  problem: Problem,
): void {
  const { grid, count, sum, least, most } = histogram;
  const { windows, bins } = grid;
  const { rate, utilityMean } = duals;
  const x = margins(tags, problem.m, problem.c, marginTable(problem, duals.w), new Float64Array(tags.rows));
  for (let i = 0; i < tags.rows; i++) {
    const value = (utility === undefined ? rate : rate * scaledUtility(utility[i], utilityMean)) - x[i];
    let bin = 0;
    for (const { low, high } of windows) {
      if (value < low) break;
      if (value < high) {
        bin += 1 + Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
        break;
      }
      bin += bins + 1;
    }
    count[bin]++;
    addUnits(sum, bin, toUnits(value));
    if (value < least[bin]) least[bin] = value;
    if (value > most[bin]) most[bin] = value;
  }
  carry(sum);
  histogram.rows += tags.rows;
}

/** Adds `from` to `into`, of the same grid. */
export function mergeHistograms(into: MarginHistogram, from: MarginHistogram): void {
  into.rows += from.rows;
  mergeSums(into.sum, from.sum);
  for (let bin = 0; bin < into.count.length; bin++) {
    into.count[bin] += from.count[bin];
    into.least[bin] = Math.min(into.least[bin], from.least[bin]);
    into.most[bin] = Math.max(into.most[bin], from.most[bin]);
  }
}

/**
 * mu from a histogram. Each bin counts as its mean: exact wherever clip(x - mu, 0, Q) is linear over the bin, so only a bin with a kink (mu or
 * mu + Q) strictly between its least and largest x errs, by at most a quarter of that distance a row and kink (Jensen's gap of a hinge). The
 * bound adds up those, and half a unit of rounding.
 */
export function calibrateHistogram(histogram: MarginHistogram, problem: Problem, start: number): Calibration {
  const { count, sum, least, most, rows, grid } = histogram;
  const Q = problem.maximum;
  const bins = Array.from(count.keys()).filter((bin) => count[bin] > 0);
  const mean = Float64Array.from(bins, (bin) =>
    Math.min(most[bin], Math.max(least[bin], sumValue(sum, bin) / count[bin])),
  );
  const share = Float64Array.from(bins, (bin) => count[bin] / rows);
  const mu = solveMean(mean, share, problem.rate, Q, start);
  let bound = UNIT;
  for (const kink of [mu, mu + Q])
    for (const bin of bins)
      if (least[bin] < kink && kink < most[bin]) bound += ((count[bin] / rows) * (most[bin] - least[bin])) / 4;
  const { low, high } = grid.windows[0];
  const reach = Math.min((4 * (high - low)) / grid.bins + bound, Q / 2);
  const windows = [mu, mu + Q].map((kink) => ({ low: kink - reach, high: kink + reach }));
  return { mu, bound, finer: { windows, bins: grid.bins } };
}

/** mu over patterns, exact to rounding. */
export function calibratePatterns(
  instance: Pick<Instance, 'tags' | 'starts' | 'share' | 'utility'>,
  w: Float64Array,
  problem: Problem,
  start = 0,
): number {
  const { tags, starts, share, utility } = instance;
  const margin = margins(tags, problem.m, problem.c, marginTable(problem, w), new Float64Array(tags.rows));
  const offset = new Float64Array(share.length);
  for (let g = 0; g < tags.rows; g++)
    for (let i = starts[g]; i < starts[g + 1]; i++) offset[i] = problem.rate * utility[i] - margin[g];
  return solveMean(offset, share, problem.rate, problem.maximum, start);
}
