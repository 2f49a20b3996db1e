/**
 * The weights, their moments and the dual value at some duals. The loops over cells are kernels called for a few hundred groups at a time:
 * a fit is a dozen passes, and many short calls are compiled early and for good, where one long loop is compiled in its middle and
 * thrown away at its end.
 */

import type { DualTask, Moments } from './dual-task.js';
import type { Instance } from './instance.js';
import { solveMean } from './mean-dual.js';
import { groupSums, totalViolation } from './moments.js';

/** Groups in one call of a kernel. */
export const CHUNK = 256;

/** What the passes over groups share; v.a is `margin`, and everything else follows from it and mu. */
export interface Weighing {
  /** [groups] v.a. */
  readonly margin: Float64Array;
  /** [cells] goal - v.a. */
  readonly offset: Float64Array;
  /** [groups] E[q; group]. */
  readonly weight: Float64Array;
  /** [groups] share of the data with 0 < q < Q. */
  readonly open: Float64Array;
}

export function createWeighing({ tags, share }: Instance): Weighing {
  return {
    margin: new Float64Array(tags.rows),
    offset: new Float64Array(share.length),
    weight: new Float64Array(tags.rows),
    open: new Float64Array(tags.rows),
  };
}

/** Fills the rest of `weighing` from its margins. mu is solved for where the task has a rate, starting from `start`. */
export function weighGroups(task: DualTask, weighing: Weighing, start: number): { mu: number; moments: Moments } {
  const { instance, problem, rate } = task;
  const groups = instance.tags.rows;
  for (let g = 0; g < groups; g += CHUNK) fillOffsets(task, weighing, g, Math.min(g + CHUNK, groups));
  const mu = rate === undefined ? 0 : solveMean(weighing.offset, instance.share, rate, problem.maximum, start);
  const totals = new Float64Array(3);
  for (let g = 0; g < groups; g += CHUNK) weighChunk(task, weighing, mu, g, Math.min(g + CHUNK, groups), totals);
  const [meanWeight, distance, inner] = totals;
  const sums = groupSums(instance, weighing.weight);
  const violation = totalViolation(problem, sums);
  const primal =
    distance + (violation > 0 && problem.penalty < Number.POSITIVE_INFINITY ? problem.penalty * violation : 0);
  return { mu, moments: { sums, meanWeight, primal, dual: inner - (rate === undefined ? 0 : mu * rate) } };
}

function fillOffsets({ instance, goal }: DualTask, { margin, offset }: Weighing, from: number, to: number): void {
  const { starts } = instance;
  for (let g = from, i = starts[from]; g < to; g++) {
    const t = margin[g];
    for (const end = starts[g + 1]; i < end; i++) offset[i] = goal[i] - t;
  }
}

/** Adds E[q], E[1/2 (q - goal)^2] and E[1/2 (q - goal)^2 + q (v.a + mu)] of some groups to `totals`. */
function weighChunk(
  { instance, problem, goal }: DualTask,
  { margin, offset, weight, open }: Weighing,
  mu: number,
  from: number,
  to: number,
  totals: Float64Array,
): void {
  const { starts, share } = instance;
  const Q = problem.maximum;
  let meanWeight = 0;
  let distance = 0;
  let inner = 0;
  for (let g = from, i = starts[from]; g < to; g++) {
    let own = 0;
    let free = 0;
    for (const end = starts[g + 1]; i < end; i++) {
      const x = offset[i] - mu;
      const q = x <= 0 ? 0 : x >= Q ? Q : x;
      if (x > 0 && x < Q) free += share[i];
      own += share[i] * q;
      distance += (share[i] * (q - goal[i]) * (q - goal[i])) / 2;
    }
    weight[g] = own;
    open[g] = free;
    meanWeight += own;
    inner += own * (margin[g] + mu);
  }
  totals[0] += meanWeight;
  totals[1] += distance;
  totals[2] += distance + inner;
}
