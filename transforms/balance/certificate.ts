/** The proof of how good some duals are, in one mergeable pass: sums that are equal, bit for bit, in any order and any split. */
import { addUnits, carry, createSums, type ExactSums, mergeSums, sumValue, toUnits } from '../../schemas/exact-sum.js';
import { PROBABILITY, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { addSums, totalViolation } from './moments.js';
import type { Problem } from './problem.js';
import { type Violation, violations } from './violation.js';
import { margins, marginTable, scaledUtility, type WeightDuals } from './weight.js';

export interface CertificateSums {
  rows: number;
  /** [m * 3 * (c + 1)] of weights, index as in marginTable. */
  readonly weights: ExactSums;
  /** [3]: q, 1/2 (q - eta u)^2, min over q of 1/2 (q - eta u)^2 + q (v.a + mu). */
  readonly totals: ExactSums;
  /** [m] of q |p - s|, s being what stands for p: 0 of an attribute that is not soft. */
  readonly rounding: ExactSums;
}

export interface Certificate {
  readonly rows: number;
  readonly meanWeight: number;
  /** Of the weights as they are: an upper bound on the optimum where meanWeight is the rate. */
  readonly primal: number;
  /** A lower bound on the optimum, for any duals. */
  readonly dual: number;
  /** (primal - dual) / primal, at least 0. */
  readonly gap: number;
  readonly violation: number;
  readonly violations: readonly Violation[];
  /** [m] E[q |p - s|]: no moment of the attribute, with or without a label, is further from that of the unrounded p. */
  readonly rounding: Float64Array;
}

/** A weight is at most 100, 2^37 units: this many of them leave a sum below 2^53. */
const ROWS_PER_CARRY = 8192;
/** Below this a primal value counts as 0. */
const SMALLEST_PRIMAL = 1e-9;

export function createCertificate({ m, c }: Pick<Problem, 'm' | 'c'>): CertificateSums {
  return { rows: 0, weights: createSums(m * 3 * (c + 1)), totals: createSums(3), rounding: createSums(m) };
}

/** Adds a batch, with its raw utility [rows] or none, under the duals. */
export function addCertificate(
  sums: CertificateSums,
  tags: Tags,
  utility: Float64Array | undefined,
  duals: WeightDuals,
  problem: Problem,
): void {
  const { m, c, maximum } = problem;
  const { rows, attributes, offsets, labels, rounding } = tags;
  const { mu, rate, utilityMean } = duals;
  const width = c + 1;
  const margin = margins(tags, m, c, marginTable(problem, duals.w), new Float64Array(rows));
  const { lo } = sums.weights;
  for (let i = 0; i < rows; i++) {
    const t = margin[i] + mu;
    const goal = utility === undefined ? rate : rate * scaledUtility(utility[i], utilityMean);
    const q = Math.max(0, Math.min(maximum, goal - t));
    const half = ((q - goal) * (q - goal)) / 2;
    const units = toUnits(q);
    addUnits(sums.totals, 0, units);
    addUnits(sums.totals, 1, toUnits(half));
    addUnits(sums.totals, 2, toUnits(half + q * t));
    if (units > 0)
      for (let k = 0; k < m; k++) {
        const s = attributes[i * m + k];
        if (s > UNKNOWN) {
          const present = Math.round(units * PROBABILITY[s]);
          addSums(lo, k * 3 * width, units - present, labels, offsets[i], offsets[i + 1]);
          addSums(lo, (k * 3 + 1) * width, present, labels, offsets[i], offsets[i + 1]);
        } else addSums(lo, (k * 3 + s) * width, units, labels, offsets[i], offsets[i + 1]);
        if (rounding !== undefined) addUnits(sums.rounding, k, toUnits(q * Math.abs(rounding[i * m + k])));
      }
    if (i % ROWS_PER_CARRY === ROWS_PER_CARRY - 1) carry(sums.weights);
  }
  carry(sums.weights);
  carry(sums.totals);
  carry(sums.rounding);
  sums.rows += rows;
}

/** Adds `from` to `into`. */
export function mergeCertificates(into: CertificateSums, from: CertificateSums): void {
  into.rows += from.rows;
  mergeSums(into.weights, from.weights);
  mergeSums(into.totals, from.totals);
  mergeSums(into.rounding, from.rounding);
}

/** The figures of all rows added, under the duals they were added with. */
export function certify(sums: CertificateSums, duals: WeightDuals, problem: Problem): Certificate {
  const rows = Math.max(sums.rows, 1);
  const weights = sums.weights.lo.map((_, i) => sumValue(sums.weights, i) / rows);
  const [meanWeight, distance, inner] = [0, 1, 2].map((i) => sumValue(sums.totals, i) / rows);
  const violation = totalViolation(problem, weights);
  const primal = distance + problem.penalty * violation;
  const dual = inner - duals.mu * duals.rate;
  const gap = Math.max(0, primal - dual) / Math.max(primal, SMALLEST_PRIMAL);
  return {
    rows: sums.rows,
    meanWeight,
    primal,
    dual,
    gap,
    violation,
    violations: violations(problem, weights),
    rounding: sums.rounding.lo.map((_, k) => sumValue(sums.rounding, k) / rows),
  };
}
