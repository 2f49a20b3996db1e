/** Moments of weights, E[q phi] and E[q kappa (y)], from sums of weights by attribute value and label. */

import { PROBABILITY, UNKNOWN } from '../../schemas/tags.js';
import type { Instance } from './instance.js';
import type { Problem } from './problem.js';

/** |E[q phi]| - eps E[q kappa (y)] for every pair, from the sums of weights: [m * (c + 1)], signed moments in `moment`. */
export function slacks(problem: Problem, sums: Float64Array): { moment: Float64Array; allowance: Float64Array } {
  const { m, c, target, tolerance, conditional } = problem;
  const width = c + 1;
  const moment = new Float64Array(m * width);
  const allowance = new Float64Array(m * width);
  for (let k = 0; k < m; k++) {
    const absent = k * 3 * width;
    const present = absent + width;
    const known = sums[absent] + sums[present];
    for (let r = 0; r < width; r++) {
      const j = k * width + r;
      moment[j] = (1 - target[k]) * sums[present + r] - target[k] * sums[absent + r];
      allowance[j] = tolerance[j] * (conditional && r > 0 ? sums[present + r] + sums[absent + r] : known);
    }
  }
  return { moment, allowance };
}

/** The total violation, sum of max(0, |moment| - allowance). */
export function totalViolation(problem: Problem, sums: Float64Array): number {
  const { moment, allowance } = slacks(problem, sums);
  let total = 0;
  for (let j = 0; j < moment.length; j++) total += Math.max(0, Math.abs(moment[j]) - allowance[j]);
  return total;
}

/** [m * 3 * (c + 1)] from a value a group; where s is p, the share p of it counts as present and the rest as absent. */
export function groupSums({ m, c, tags }: Instance, value: Float64Array): Float64Array {
  const width = c + 1;
  const sums = new Float64Array(m * 3 * width);
  const { attributes, offsets, labels } = tags;
  for (let g = 0; g < tags.rows; g++) {
    const x = value[g];
    if (x === 0) continue;
    for (let k = 0; k < m; k++) {
      const s = attributes[g * m + k];
      if (s > UNKNOWN) {
        addSums(sums, k * 3 * width, x * (1 - PROBABILITY[s]), labels, offsets[g], offsets[g + 1]);
        addSums(sums, (k * 3 + 1) * width, x * PROBABILITY[s], labels, offsets[g], offsets[g + 1]);
      } else addSums(sums, (k * 3 + s) * width, x, labels, offsets[g], offsets[g + 1]);
    }
  }
  return sums;
}

/** Adds x to the sum at `base` and to those of the labels [begin, end). */
export function addSums(
  sums: Float64Array,
  base: number,
  x: number,
  labels: Uint16Array,
  begin: number,
  end: number,
): void {
  sums[base] += x;
  for (let p = begin; p < end; p++) sums[base + 1 + labels[p]] += x;
}
