/** Random small data sets and duals, and the slow, dense definition of what the kernels compute from them. */
import fc from 'fast-check';
import { ATTRIBUTE_VALUES, FIRST_SOFT, PROBABILITY } from '../../../schemas/tags.js';
import type { Problem } from '../../../transforms/balance/problem.js';
import type { WeightDuals } from '../../../transforms/balance/weight.js';
import type { Example } from './adult.js';
import { generator, problemOf } from './synthetic.js';

export interface Case {
  readonly example: Required<Example>;
  readonly problem: Problem;
  readonly duals: WeightDuals;
}

/** A case of some rows: m = 2 or 3 attributes with unknowns, every third case with probabilities too, c = 5 labels, some null utilities. */
export function caseOf(seed: number, rows: number, conditional: boolean): Case {
  const random = generator(seed);
  const m = 2 + (seed % 2);
  const c = 5;
  const attributes = Uint8Array.from({ length: rows * m }, () =>
    seed % 3 === 0 && random() < 0.5
      ? FIRST_SOFT + Math.floor(random() * (ATTRIBUTE_VALUES - FIRST_SOFT))
      : Math.floor(random() * 3),
  );
  const offsets = new Uint32Array(rows + 1);
  const labels: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < c; r++) if (random() < 0.3) labels.push(r);
    offsets[i + 1] = labels.length;
  }
  const utility = Float64Array.from({ length: rows }, () => (random() < 0.1 ? Number.NaN : 3 * random()));
  const example = { tags: { rows, attributes, offsets, labels: Uint16Array.from(labels) }, m, c, utility };
  const target = Array.from({ length: m }, () => 0.2 + 0.6 * random());
  const problem = problemOf(example, { rate: 0.4, conditional, target, maximum: 1.3, association: 0.02 });
  for (let j = 0; j < problem.tolerance.length; j++) problem.tolerance[j] *= 1 + random();
  const w = Float64Array.from({ length: m * (c + 1) }, () => (random() < 0.3 ? 0 : random() - 0.5));
  return { example, problem, duals: { w, mu: 0.2 * random() - 0.1, rate: 0.4, utilityMean: 1.5 } };
}

export const anyCase = (rows: number): fc.Arbitrary<Case> =>
  fc.tuple(fc.nat(), fc.nat(rows), fc.boolean()).map(([seed, n, conditional]) => caseOf(seed, n, conditional));

/** phi and kappa of the spec for one row, dense: [m * (c + 1)] each; kappa includes the label where the tolerance is conditional. */
export function denseMoments({ example, problem }: Pick<Case, 'example' | 'problem'>, row: number) {
  const { m, c, target, conditional } = problem;
  const { attributes, offsets, labels } = example.tags;
  const phi = new Float64Array(m * (c + 1));
  const kappa = new Float64Array(m * (c + 1));
  const carried = new Set(labels.subarray(offsets[row], offsets[row + 1]));
  for (let k = 0; k < m; k++) {
    const s = attributes[row * m + k];
    if (s === 2) continue;
    for (let r = 0; r <= c; r++) {
      const y = r === 0 || carried.has(r - 1) ? 1 : 0;
      phi[k * (c + 1) + r] = (PROBABILITY[s] - target[k]) * y;
      kappa[k * (c + 1) + r] = conditional ? y : 1;
    }
  }
  return { phi, kappa };
}

/** u of the spec for one row. */
export function denseUtility({ example, duals }: Case, row: number): number {
  const u = example.utility[row];
  return Number.isNaN(u) ? 1 : u / duals.utilityMean;
}

/** v.a with v+ = max(w, 0), v- = max(-w, 0), a+ = phi - eps kappa, a- = -phi - eps kappa. */
export function denseMargin(one: Case, row: number): number {
  const { phi, kappa } = denseMoments(one, row);
  let sum = 0;
  one.duals.w.forEach((w, j) => {
    const eps = one.problem.tolerance[j] * kappa[j];
    sum += Math.max(w, 0) * (phi[j] - eps) + Math.max(-w, 0) * (-phi[j] - eps);
  });
  return sum;
}

export function denseWeight(one: Case, row: number): number {
  const q = one.duals.rate * denseUtility(one, row) - denseMargin(one, row) - one.duals.mu;
  return Math.min(one.problem.maximum, Math.max(0, q));
}

/** Rows [from, to) of a case. */
export function slice({ example }: Case, from: number, to: number): { tags: Example['tags']; utility: Float64Array } {
  const { tags, m, utility } = example;
  const first = tags.offsets[from];
  return {
    tags: {
      rows: to - from,
      attributes: tags.attributes.subarray(from * m, to * m),
      offsets: tags.offsets.slice(from, to + 1).map((offset) => offset - first),
      labels: tags.labels.subarray(first, tags.offsets[to]),
    },
    utility: utility.subarray(from, to),
  };
}
