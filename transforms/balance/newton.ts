/**
 * The dual of M4 over patterns, maximised by a semi-smooth Newton method with an active set. Each iteration builds the generalised
 * Hessian over the duals that are not 0 or would leave it, maximises the quadratic model within the box (box-newton.ts), and searches
 * the segment for the maximum of the true, piecewise quadratic dual. Shared by the exact fit and by the largest feasible rate.
 */
import { solveBox } from './box-newton.js';
import type { DualTask, Moments, WorkingSet } from './dual-task.js';
import { createWeighing, weighGroups } from './dual-value.js';
import { biasRows, denseHessian, hessianOperator } from './hessian.js';
import type { Instance } from './instance.js';
import { groupSums, slacks, totalViolation } from './moments.js';
import type { Problem } from './problem.js';
import { searchSegment } from './segment.js';
import { margins, marginTable } from './weight.js';

export interface DualSolution extends Moments {
  /** [m * (c + 1)] */
  readonly w: Float64Array;
  readonly mu: number;
  readonly iterations: number;
  /** (primal - dual) over the primal's size. */
  readonly gap: number;
}

/** Below this a primal value counts as 0 and the gap is absolute, in units of it. */
const SMALLEST_PRIMAL = 1e-9;
/** Relative to the largest diagonal entry of the Hessian: a proximal term, for duals that the data does not determine. */
const RIDGE = 1e-11;
/** Up to here the Hessian is stored and factored; with more duals it is only applied. Half a second of Cholesky. */
const DENSE_DUALS = 1000;
/** At this gap the duals are optimal to nine digits, and a step that promises no more than rounding is not taken. */
export const CONVERGED_GAP = 1e-9;
/** Of a step's gain, relative to the primal value. */
const ROUNDING_GAIN = 1e-15;
/** Iterations without a larger dual value after which rounding has won. */
const PATIENCE = 4;

/** Maximises the dual from a start. Deterministic; ends at the tolerance, or where rounding or the limit stops it, and says how far it got. */
export function maximiseDual(task: DualTask, start: { w: Float64Array; mu: number }): DualSolution {
  const { instance, problem } = task;
  const { m, c } = problem;
  const V = problem.penalty;
  const { tags } = instance;
  const groups = tags.rows;
  const width = c + 1;
  const J = m * width;
  const w = Float64Array.from(start.w, (value) => Math.min(V, Math.max(-V, value)));
  let mu = start.mu;
  const table = new Float64Array(3 * J);
  const weighing = createWeighing(instance);
  const delta = new Float64Array(groups);
  const supported = supportedDuals(instance);
  for (let j = 0; j < J; j++) if (supported[j] === 0) w[j] = 0;

  const evaluate = (): Moments => {
    margins(tags, m, c, marginTable(problem, w, table), weighing.margin);
    const weighed = weighGroups(task, weighing, mu);
    mu = weighed.mu;
    return weighed.moments;
  };

  let moments = evaluate();
  let best = { w: w.slice(), mu, moments, gap: gapOf(task, moments) };
  let stale = 0;
  let top = moments.dual;
  let iterations = 0;
  while (best.gap > task.tolerance && iterations < task.maximumIterations && stale < PATIENCE) {
    iterations++;
    const working = workingSet(problem, w, moments.sums, supported);
    const { direction, slope } = newtonDirection(task, working, w, weighing.open, moments);
    if (!(slope > 0)) break;
    // The model promises a gain of at least half the slope, and at most the slope.
    if (best.gap <= CONVERGED_GAP && slope <= ROUNDING_GAIN * Math.abs(moments.primal)) break;
    // The margin is linear along the segment, as no dual changes its sign within a step.
    const to = w.slice();
    working.index.forEach((j, i) => {
      to[j] = w[j] + working.sign[i] * direction[i];
    });
    margins(tags, m, c, marginTable(problem, to, table), delta);
    const stepMu = direction[working.index.length];
    for (let g = 0; g < groups; g++) delta[g] += stepMu - weighing.margin[g];
    const t = searchSegment(task, weighing.offset, mu, delta, stepMu, slope);
    working.index.forEach((j, i) => {
      const moved = Math.abs(w[j]) + t * direction[i];
      w[j] = working.sign[i] * (t === 1 && moved < 0 ? 0 : Math.min(V, Math.max(0, moved)));
    });
    mu += t * stepMu;
    moments = evaluate();
    const gap = gapOf(task, moments);
    if (gap < best.gap) best = { w: w.slice(), mu, moments, gap };
    stale = moments.dual > top + Number.EPSILON * Math.abs(top) ? 0 : stale + 1;
    top = Math.max(top, moments.dual);
  }
  return { w: best.w, mu: best.mu, iterations, gap: best.gap, ...best.moments };
}

/** Relative gap; with hard constraints (an infinite penalty) the primal value is no upper bound, so the violation is added. */
function gapOf({ problem }: DualTask, { primal, dual, sums }: Moments): number {
  const relative = Math.abs(primal - dual) / Math.max(Math.abs(primal), SMALLEST_PRIMAL);
  return problem.penalty < Number.POSITIVE_INFINITY ? relative : relative + totalViolation(problem, sums);
}

/** [m * (c + 1)]: 1 where some row knows attribute k and carries label r. */
function supportedDuals(instance: Instance): Uint8Array {
  const { m, c, tags } = instance;
  const counted = groupSums(instance, new Float64Array(tags.rows).fill(1));
  const width = c + 1;
  const supported = new Uint8Array(m * width);
  for (let k = 0; k < m; k++)
    for (let r = 0; r < width; r++) {
      const absent = k * 3 * width + r;
      if (counted[absent] + counted[absent + width] > 0) supported[k * width + r] = 1;
    }
  return supported;
}

function workingSet(problem: Problem, w: Float64Array, sums: Float64Array, supported: Uint8Array): WorkingSet {
  const { moment, allowance } = slacks(problem, sums);
  const signOf = (j: number) => (w[j] !== 0 ? Math.sign(w[j]) : Math.sign(moment[j]));
  const slope = moment.map((x, j) => signOf(j) * x - allowance[j]);
  const index: number[] = [];
  const entering: number[] = [];
  for (let j = 0; j < w.length; j++)
    if (w[j] !== 0) index.push(j);
    else if (supported[j] === 1 && slope[j] > 0) entering.push(j);
  const room = Math.max(DENSE_DUALS - index.length, index.length);
  if (entering.length > room) {
    entering.sort((a, b) => slope[b] - slope[a] || a - b);
    entering.length = room;
  }
  index.push(...entering);
  index.sort((a, b) => a - b);
  return { index, sign: index.map(signOf), gradient: index.map((j) => slope[j]) };
}

/** The step of (|w| of the working set, mu), and the slope of the dual along it. */
function newtonDirection(
  task: DualTask,
  working: WorkingSet,
  w: Float64Array,
  groupOpen: Float64Array,
  moments: Moments,
): { direction: Float64Array; slope: number } {
  const { problem, rate } = task;
  const count = working.index.length;
  const n = count + 1;
  const rows = biasRows(task, working, groupOpen);
  const operator = n <= DENSE_DUALS + 1 ? denseHessian(rows) : hessianOperator(rows);
  const g = new Float64Array(n);
  const lower = new Float64Array(n);
  const upper = new Float64Array(n);
  const largest = operator.diagonal.reduce((most, x) => Math.max(most, x), 0);
  for (let i = 0; i < count; i++) {
    const size = Math.abs(w[working.index[i]]);
    g[i] = working.gradient[i];
    lower[i] = -size;
    upper[i] = problem.penalty - size;
  }
  if (rate === undefined) {
    lower[count] = upper[count] = 0;
  } else {
    g[count] = moments.meanWeight - rate;
    lower[count] = Number.NEGATIVE_INFINITY;
    upper[count] = Number.POSITIVE_INFINITY;
  }
  const direction = solveBox({ operator, g, lower, upper, ridge: RIDGE * Math.max(largest, RIDGE) });
  let slope = 0;
  for (let i = 0; i < n; i++) slope += g[i] * direction[i];
  return { direction, slope };
}
