/**
 * The dual of M4 over patterns, maximised by a semi-smooth Newton method with an active set. Each iteration builds the generalised
 * Hessian over the duals that are not 0 or would leave it, maximises the quadratic model within the box (box-newton.ts), and searches
 * the segment for the maximum of the true, piecewise quadratic dual. Shared by the exact fit and by the largest feasible rate.
 */
import { solveBox } from './box-newton.js';
import type { Instance } from './instance.js';
import type { Problem } from './problem.js';
import { margins, marginTable } from './weight.js';

/** What is maximised: E[min_q 1/2 (q - goal)^2 + q (v.a + mu)] - mu rate, the penalty bounding the duals. */
export interface DualTask {
  readonly instance: Instance;
  readonly problem: Problem;
  /** [cells] what each q is drawn to: eta u in the fit. */
  readonly goal: Float64Array;
  /** E[q], or undefined where it is free; mu then stays 0. */
  readonly rate: number | undefined;
  readonly maximumIterations: number;
  /** Stop at this relative gap. */
  readonly tolerance: number;
}

/** Moments of the weights at some duals. */
export interface Moments {
  /** [m * 3 * (c + 1)] E[q; s_k = s, label r], index as in marginTable. */
  readonly sums: Float64Array;
  readonly meanWeight: number;
  readonly primal: number;
  readonly dual: number;
}

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
/** The search stops where the slope has fallen to this share of the slope at the start. */
const SLOPE_LEFT = 0.05;
const MAXIMUM_SEARCH = 60;
/** Of a sum of many terms, relative to the sum of their sizes. */
const ROUNDING = 16 * Number.EPSILON;
/** Iterations without a larger dual value after which rounding has won. */
const PATIENCE = 4;

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

/** The mu at which E[clip(goal - v.a - mu, 0, Q)] is the rate; `offset` [cells] is goal - v.a. Exact to rounding. */
export function solveMean(offset: Float64Array, share: Float64Array, rate: number, Q: number, start: number): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < offset.length; i++) {
    if (offset[i] < low) low = offset[i];
    if (offset[i] > high) high = offset[i];
  }
  low -= Q;
  let mu = start > low && start < high ? start : (low + high) / 2;
  for (let step = 0; step < 100; step++) {
    let mean = 0;
    let slope = 0;
    for (let i = 0; i < offset.length; i++) {
      const q = offset[i] - mu;
      if (q <= 0) continue;
      if (q >= Q) mean += share[i] * Q;
      else {
        mean += share[i] * q;
        slope += share[i];
      }
    }
    const excess = mean - rate;
    if (Math.abs(excess) <= 4 * Number.EPSILON * rate) break;
    if (excess > 0) low = mu;
    else high = mu;
    const newton = mu + excess / slope;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (next === mu) break;
    mu = next;
  }
  return mu;
}

/** Maximises the dual from a start. Deterministic; ends at the tolerance, or where rounding or the limit stops it, and says how far it got. */
export function maximiseDual(task: DualTask, start: { w: Float64Array; mu: number }): DualSolution {
  const { instance, problem, goal, rate } = task;
  const { m, c } = problem;
  const Q = problem.maximum;
  const V = problem.penalty;
  const { tags, starts, share } = instance;
  const groups = tags.rows;
  const width = c + 1;
  const J = m * width;
  const w = Float64Array.from(start.w, (value) => Math.min(V, Math.max(-V, value)));
  let mu = rate === undefined ? 0 : start.mu;
  const table = new Float64Array(3 * J);
  const margin = new Float64Array(groups);
  const slopeMargin = new Float64Array(groups);
  const groupWeight = new Float64Array(groups);
  const groupFree = new Float64Array(groups);
  const offset = new Float64Array(goal.length);
  const supported = supportedDuals(instance);
  for (let j = 0; j < J; j++) if (supported[j] === 0) w[j] = 0;

  const evaluate = (): Moments => {
    marginTable(problem, w, table);
    margins(tags, m, c, table, margin);
    if (rate !== undefined) {
      for (let g = 0; g < groups; g++) for (let i = starts[g]; i < starts[g + 1]; i++) offset[i] = goal[i] - margin[g];
      mu = solveMean(offset, share, rate, Q, mu);
    }
    let dual = rate === undefined ? 0 : -mu * rate;
    let distance = 0;
    let meanWeight = 0;
    for (let g = 0; g < groups; g++) {
      const t = margin[g] + mu;
      let weight = 0;
      let open = 0;
      for (let i = starts[g]; i < starts[g + 1]; i++) {
        const x = goal[i] - t;
        const q = Math.max(0, Math.min(x, Q));
        if (x > 0 && x < Q) open += share[i];
        weight += share[i] * q;
        const half = (share[i] * (q - goal[i]) * (q - goal[i])) / 2;
        distance += half;
        dual += half + share[i] * q * t;
      }
      groupWeight[g] = weight;
      groupFree[g] = open;
      meanWeight += weight;
    }
    const sums = groupSums(instance, groupWeight);
    const violation = totalViolation(problem, sums);
    const primal = distance + (violation > 0 && V < Number.POSITIVE_INFINITY ? V * violation : 0);
    return { sums, meanWeight, primal, dual };
  };

  let moments = evaluate();
  let best = { w: w.slice(), mu, moments, gap: gapOf(task, moments) };
  let stale = 0;
  let top = moments.dual;
  let iterations = 0;
  while (best.gap > task.tolerance && iterations < task.maximumIterations && stale < PATIENCE) {
    iterations++;
    const working = workingSet(problem, w, moments.sums, supported);
    const { direction, slope } = newtonDirection(task, working, w, groupFree, moments);
    if (!(slope > 0)) break;
    // The margin is linear along the segment, as no dual changes its sign within a step.
    const to = w.slice();
    working.index.forEach((j, i) => {
      to[j] = w[j] + working.sign[i] * direction[i];
    });
    const delta = new Float64Array(groups);
    margins(tags, m, c, marginTable(problem, to, table), slopeMargin);
    const stepMu = direction[working.index.length];
    for (let g = 0; g < groups; g++) delta[g] = slopeMargin[g] - margin[g] + stepMu;
    const t = searchSegment(task, margin, mu, delta, stepMu, slope);
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
    if (process.env.TR)
      console.log(
        iterations,
        working.index.length,
        't',
        t,
        'slope',
        slope,
        'gap',
        gap,
        'dual',
        moments.dual,
        'primal',
        moments.primal,
        'viol',
        totalViolation(problem, moments.sums),
      );
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

/** [m * 3 * (c + 1)] from a value a group. */
export function groupSums({ m, c, tags }: Instance, value: Float64Array): Float64Array {
  const width = c + 1;
  const sums = new Float64Array(m * 3 * width);
  const { attributes, offsets, labels } = tags;
  for (let g = 0; g < tags.rows; g++) {
    const x = value[g];
    if (x === 0) continue;
    for (let k = 0; k < m; k++) {
      const base = (k * 3 + attributes[g * m + k]) * width;
      sums[base] += x;
      for (let p = offsets[g]; p < offsets[g + 1]; p++) sums[base + 1 + labels[p]] += x;
    }
  }
  return sums;
}

/** The duals that move: their numbers, and the sign each has or takes. */
interface WorkingSet {
  readonly index: readonly number[];
  readonly sign: readonly number[];
  /** Of the dual objective, along |w|. */
  readonly gradient: readonly number[];
}

function workingSet(problem: Problem, w: Float64Array, sums: Float64Array, supported: Uint8Array): WorkingSet {
  const { moment, allowance } = slacks(problem, sums);
  const index: number[] = [];
  const sign: number[] = [];
  const gradient: number[] = [];
  for (let j = 0; j < w.length; j++) {
    if (supported[j] === 0) continue;
    const direction = w[j] !== 0 ? Math.sign(w[j]) : Math.sign(moment[j]);
    const slope = direction * moment[j] - allowance[j];
    if (w[j] === 0 && slope <= 0) continue;
    index.push(j);
    sign.push(direction);
    gradient.push(slope);
  }
  return { index, sign, gradient };
}

/** The step of (|w| of the working set, mu), and the slope of the dual along it. */
function newtonDirection(
  task: DualTask,
  working: WorkingSet,
  w: Float64Array,
  groupFree: Float64Array,
  moments: Moments,
): { direction: Float64Array; slope: number } {
  const { problem, rate } = task;
  const count = working.index.length;
  const n = count + 1;
  const H = hessian(task, working, groupFree);
  const g = new Float64Array(n);
  const lower = new Float64Array(n);
  const upper = new Float64Array(n);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const size = Math.abs(w[working.index[i]]);
    g[i] = working.gradient[i];
    lower[i] = -size;
    upper[i] = problem.penalty - size;
    largest = Math.max(largest, H[i * n + i]);
  }
  if (rate === undefined) {
    lower[count] = upper[count] = 0;
  } else {
    g[count] = moments.meanWeight - rate;
    lower[count] = Number.NEGATIVE_INFINITY;
    upper[count] = Number.POSITIVE_INFINITY;
    largest = Math.max(largest, H[n * n - 1]);
  }
  const direction = solveBox({ n, H, g, lower, upper, ridge: RIDGE * Math.max(largest, RIDGE) });
  let slope = 0;
  for (let i = 0; i < n; i++) slope += g[i] * direction[i];
  return { direction, slope };
}

/**
 * E[a a'; 0 < q < Q] over the working set and mu, [n, n], n = duals + 1. The L1 price of tolerances relative to kappa_k touches every
 * example where k is known, so it is kept out of the sparse products: they run over (entries, kappa_1..m, mu), and it is folded in at the end.
 */
function hessian({ instance, problem }: DualTask, working: WorkingSet, groupFree: Float64Array): Float64Array {
  const { m, c, target, tolerance, conditional } = problem;
  const { tags } = instance;
  const width = c + 1;
  const count = working.index.length;
  const n = count + 1;
  const wide = count + m + 1;
  const column = new Int32Array(m * width).fill(-1);
  const sign = new Float64Array(m * width);
  const own = new Float64Array(m * width);
  const spread = new Float64Array(count);
  const attributeOf = new Int32Array(count);
  working.index.forEach((j, i) => {
    column[j] = i;
    sign[j] = working.sign[i];
    const shared = !conditional && j % width > 0;
    own[j] = shared ? 0 : tolerance[j];
    spread[i] = shared ? tolerance[j] : 0;
    attributeOf[i] = count + Math.floor(j / width);
  });
  const E = new Float64Array(wide * wide);
  const at = new Int32Array(wide);
  const value = new Float64Array(wide);
  for (let g = 0; g < tags.rows; g++) {
    const open = groupFree[g];
    if (open === 0) continue;
    let entries = 0;
    for (let k = 0; k < m; k++) {
      const s = tags.attributes[g * m + k];
      if (s > 1) continue;
      const z = s - target[k];
      const base = k * width;
      if (column[base] >= 0) {
        at[entries] = column[base];
        value[entries++] = sign[base] * z - own[base];
      }
      for (let p = tags.offsets[g]; p < tags.offsets[g + 1]; p++) {
        const j = base + 1 + tags.labels[p];
        if (column[j] < 0) continue;
        at[entries] = column[j];
        value[entries++] = sign[j] * z - own[j];
      }
      at[entries] = count + k;
      value[entries++] = 1;
    }
    at[entries] = wide - 1;
    value[entries++] = 1;
    for (let a = 0; a < entries; a++) {
      const row = at[a] * wide;
      const scaled = open * value[a];
      for (let b = 0; b < entries; b++) E[row + at[b]] += scaled * value[b];
    }
  }
  const H = new Float64Array(n * n);
  for (let i = 0; i < count; i++) {
    const row = i * wide;
    const rowKnown = attributeOf[i] * wide;
    for (let j = 0; j < count; j++)
      H[i * n + j] =
        E[row + j] -
        spread[i] * E[rowKnown + j] -
        spread[j] * E[row + attributeOf[j]] +
        spread[i] * spread[j] * E[rowKnown + attributeOf[j]];
    H[i * n + count] = H[count * n + i] = E[row + wide - 1] - spread[i] * E[rowKnown + wide - 1];
  }
  H[n * n - 1] = E[wide * wide - 1];
  return H;
}

/** How far to go along a segment, in (0, 1]: where the slope of the concave dual has all but gone, never past its maximum (rounding aside). */
function searchSegment(
  { instance, goal, problem, rate }: DualTask,
  margin: Float64Array,
  mu: number,
  delta: Float64Array,
  stepMu: number,
  slope: number,
): number {
  const { starts, share } = instance;
  const Q = problem.maximum;
  const fixed = rate === undefined ? 0 : stepMu * rate;
  let size = 0;
  const slopeAt = (t: number) => {
    let total = -fixed;
    size = Math.abs(fixed);
    for (let g = 0; g < delta.length; g++) {
      if (delta[g] === 0) continue;
      const level = margin[g] + mu + t * delta[g];
      let weight = 0;
      for (let i = starts[g]; i < starts[g + 1]; i++) {
        const x = goal[i] - level;
        if (x > 0) weight += share[i] * Math.min(x, Q);
      }
      total += weight * delta[g];
      size += weight * Math.abs(delta[g]);
    }
    return total;
  };
  let high = 1;
  let slopeHigh = slopeAt(1);
  // Close to the optimum slopes are all rounding, and the Newton step itself is the best guess.
  if (slopeHigh >= -Math.max(SLOPE_LEFT * slope, ROUNDING * size)) return 1;
  let low = 0;
  let slopeLow = slope;
  let side = 0;
  for (let step = 0; step < MAXIMUM_SEARCH; step++) {
    const t = step % 4 === 3 ? (low + high) / 2 : low + ((high - low) * slopeLow) / (slopeLow - slopeHigh);
    if (!(t > low && t < high)) break;
    const value = slopeAt(t);
    if (value >= 0) {
      if (value <= SLOPE_LEFT * slope) return t;
      low = t;
      slopeLow = value;
      if (side === 1) slopeHigh /= 2;
      side = 1;
    } else {
      high = t;
      slopeHigh = value;
      if (side === -1) slopeLow /= 2;
      side = -1;
    }
  }
  return low > 1e-12 ? low : 1;
}
