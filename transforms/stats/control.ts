/**
 * The random control: what a random choice of the rows at the same rate has of bias. Its rate is known only when all weights were seen, so
 * the rows that passed are counted by equal ranges of their random number. The control takes those below the rate whole, and of the range
 * that holds the rate a part: its rows have as weight the part of the range that is below the rate. E[weight] is then the rate exactly,
 * and, as the random number knows nothing of the row, every figure stays that of the rows in expectation.
 */
import { createSums, type ExactSums, toUnits, UNITS_PER_ONE } from '../../schemas/exact-sum.js';
import type { Moments } from '../../schemas/moments.js';
import { emptyMoments, mergeMoments } from './moments.js';

/** [support] sums of as many addends of `units` each: exact. */
function scaled(support: Float64Array, units: number): ExactSums {
  const sums = createSums(support.length);
  const radix = 2n ** 52n;
  support.forEach((rows, i) => {
    const total = BigInt(rows) * BigInt(units);
    sums.hi[i] = Number(total / radix);
    sums.lo[i] = Number(total % radix);
  });
  return sums;
}

/** Moments of counted rows, each given the weight `q`, a multiple of 2^-30 in (0, 1]. */
function weighted(from: Moments, q: number): Moments {
  const moments = mergeMoments(emptyMoments(from.attributes, from.labels), from);
  if (moments.support === null || q === 1) return moments;
  moments.weighted = { weights: scaled(moments.support, toUnits(q)), squares: scaled(moments.support, toUnits(q * q)) };
  return moments;
}

/**
 * Moments of the control at `rate` in [0, 1].
 * @param ranges rows that passed, by equal ranges of their random number
 */
export function controlOf(ranges: readonly Moments[], rate: number): Moments {
  const control = emptyMoments(ranges[0].attributes, ranges[0].labels);
  const whole = Math.min(ranges.length, Math.floor(rate * ranges.length));
  for (const range of ranges.slice(0, whole)) mergeMoments(control, range);
  const part = toUnits(rate * ranges.length - whole) / UNITS_PER_ONE;
  return whole < ranges.length && part > 0 ? mergeMoments(control, weighted(ranges[whole], part)) : control;
}

/** All rows that passed. */
export function unionOf(ranges: readonly Moments[]): Moments {
  const all = emptyMoments(ranges[0].attributes, ranges[0].labels);
  for (const range of ranges) mergeMoments(all, range);
  return all;
}
