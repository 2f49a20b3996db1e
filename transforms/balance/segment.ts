/** The search along one Newton step. */

import type { DualTask } from './dual-task.js';
import { CHUNK } from './dual-value.js';
import type { Instance } from './instance.js';

/** The search stops where the slope has fallen to this share of the slope at the start. */
const SLOPE_LEFT = 0.05;
const MAXIMUM_SEARCH = 60;
/** Of a sum of many terms, relative to the sum of their sizes. */
const ROUNDING = 16 * Number.EPSILON;
/** A shorter step is the rounding of slopes, not a step. */
const SHORTEST_STEP = 1e-12;

/**
 * How far to go along a segment, in (0, 1]: where the slope of the concave dual has all but gone, never past its maximum (rounding aside).
 * `offset` [cells] is goal - v.a at its start, `delta` [groups] the change of v.a + mu over its length.
 */
export function searchSegment(
  { instance, problem, rate }: DualTask,
  offset: Float64Array,
  mu: number,
  delta: Float64Array,
  stepMu: number,
  slope: number,
): number {
  const Q = problem.maximum;
  const fixed = rate === undefined ? 0 : stepMu * rate;
  const totals = new Float64Array(2);
  const slopeAt = (t: number) => {
    totals[0] = -fixed;
    totals[1] = Math.abs(fixed);
    for (let g = 0; g < delta.length; g += CHUNK)
      addSlopes(instance, offset, delta, mu, t, Q, g, Math.min(g + CHUNK, delta.length), totals);
    return totals[0];
  };
  let high = 1;
  let slopeHigh = slopeAt(1);
  // Close to the optimum slopes are all rounding, and the Newton step itself is the best guess.
  if (slopeHigh >= -Math.max(SLOPE_LEFT * slope, ROUNDING * totals[1])) return 1;
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
  return low > SHORTEST_STEP ? low : 1;
}

/** Adds the slopes of some groups, and the sizes of these, to `totals`. */
function addSlopes(
  { starts, share }: Instance,
  offset: Float64Array,
  delta: Float64Array,
  mu: number,
  t: number,
  Q: number,
  from: number,
  to: number,
  totals: Float64Array,
): void {
  let total = 0;
  let size = 0;
  for (let g = from, i = starts[from]; g < to; g++) {
    const level = mu + t * delta[g];
    let weight = 0;
    for (const end = starts[g + 1]; i < end; i++) {
      const x = offset[i] - level;
      if (x > 0) weight += share[i] * (x < Q ? x : Q);
    }
    const own = weight * delta[g];
    total += own;
    size += Math.abs(own);
  }
  totals[0] += total;
  totals[1] += size;
}
