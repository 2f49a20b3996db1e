/** The closed form of the weight: q = clip(eta u - v.a - mu, 0, Q), for a whole batch. */
import { UNITS_PER_ONE } from '../../schemas/exact-sum.js';
import { PROBABILITY, type Tags, UNKNOWN } from '../../schemas/tags.js';
import type { Problem } from './problem.js';

/** The part of Duals that a weight depends on. w is v+ - v-, [m * (c + 1)]. */
export interface WeightDuals {
  readonly w: Float64Array;
  readonly mu: number;
  /** eta. */
  readonly rate: number;
  /** Raw utilities are divided by this. */
  readonly utilityMean: number;
}

/**
 * v.a as a table to add up: [m * 3 * (c + 1)], index (k * 3 + s) * (c + 1) + r. An example with value s of attribute k adds entry
 * r = 0 and the entry of each of its labels; entries of s = UNKNOWN are 0. With z = s - pi_k, entry r holds z w - eps |w| where the
 * tolerance is relative to that label (conditional), else z w, and entry 0 also takes the L1 norm of all of attribute k's other
 * duals: sum_r eps_r |w_r|, the price of the tolerance relative to the weight of the examples where k is known. All of it is linear in s: a soft
 * s = p adds (1 - p) times the entry of ABSENT and p times that of PRESENT.
 */
export function marginTable(problem: Problem, w: Float64Array, out?: Float64Array): Float64Array {
  const { m, c, target, tolerance, conditional } = problem;
  const width = c + 1;
  const table = out ?? new Float64Array(m * 3 * width);
  for (let k = 0; k < m; k++) {
    const pi = target[k];
    const base = k * width;
    const absent = k * 3 * width;
    const present = absent + width;
    let norm = tolerance[base] * Math.abs(w[base]);
    for (let r = 1; r < width; r++) {
      const dual = w[base + r];
      const price = tolerance[base + r] * Math.abs(dual);
      const own = conditional ? price : 0;
      if (!conditional) norm += price;
      table[absent + r] = -pi * dual - own;
      table[present + r] = (1 - pi) * dual - own;
    }
    table[absent] = -pi * w[base] - norm;
    table[present] = (1 - pi) * w[base] - norm;
  }
  return table;
}

/** v.a of each row: fills and returns `out` [rows]. */
export function margins(tags: Tags, m: number, c: number, table: Float64Array, out: Float64Array): Float64Array {
  const { rows, attributes, offsets, labels } = tags;
  const width = c + 1;
  const stride = 3 * width;
  let cell = 0;
  let begin = offsets[0];
  for (let i = 0; i < rows; i++) {
    const end = offsets[i + 1];
    let sum = 0;
    for (let k = 0, base = 0; k < m; k++, base += stride) {
      const s = attributes[cell++];
      if (s > UNKNOWN) {
        sum += softMargin(table, base, width, labels, begin, end, PROBABILITY[s]);
        continue;
      }
      const at = base + s * width;
      sum += table[at];
      for (let p = begin; p < end; p++) sum += table[at + 1 + labels[p]];
    }
    out[i] = sum;
    begin = end;
  }
  return out;
}

function softMargin(
  table: Float64Array,
  absent: number,
  width: number,
  labels: Uint16Array,
  begin: number,
  end: number,
  p: number,
): number {
  const present = absent + width;
  let zero = table[absent];
  let one = table[present];
  for (let i = begin; i < end; i++) {
    zero += table[absent + 1 + labels[i]];
    one += table[present + 1 + labels[i]];
  }
  return (1 - p) * zero + p * one;
}

/** Ours: keeps the square of a utility that is far above the mean known so far (online) within a double. */
const LARGEST_UTILITY = 1e9;

/** u of the spec: a raw utility over the mean; 1 where it is null (NaN), negative or infinite, that is, where it says nothing. */
export function scaledUtility(raw: number, mean: number): number {
  return raw >= 0 && raw < Number.POSITIVE_INFINITY && mean > 0 ? Math.min(raw / mean, LARGEST_UTILITY) : 1;
}

/**
 * Weight of each row, in [0, Q], rounded to a multiple of 2^-30 so that sums of weights are exact: fills and returns `out` [rows].
 * `utility` is the raw column [rows], or undefined where every u is 1.
 */
export function weigh(
  tags: Tags,
  utility: Float64Array | undefined,
  duals: WeightDuals,
  problem: Problem,
  out: Float64Array,
): Float64Array {
  margins(tags, problem.m, problem.c, marginTable(problem, duals.w), out);
  const { mu, rate, utilityMean } = duals;
  const Q = Math.floor(problem.maximum * UNITS_PER_ONE) / UNITS_PER_ONE;
  for (let i = 0; i < tags.rows; i++) {
    const goal = utility === undefined ? rate : rate * scaledUtility(utility[i], utilityMean);
    const q = goal - out[i] - mu;
    out[i] = q <= 0 ? 0 : q >= Q ? Q : Math.round(q * UNITS_PER_ONE) / UNITS_PER_ONE;
  }
  return out;
}
