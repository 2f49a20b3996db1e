/** The search along one Newton step. */
import type { DualTask } from './newton.js';

/** The search stops where the slope has fallen to this share of the slope at the start. */
const SLOPE_LEFT = 0.05;
const MAXIMUM_SEARCH = 60;
/** Of a sum of many terms, relative to the sum of their sizes. */
const ROUNDING = 16 * Number.EPSILON;
/** A shorter step is the rounding of slopes, not a step. */
const SHORTEST_STEP = 1e-12;

/** How far to go along a segment, in (0, 1]: where the slope of the concave dual has all but gone, never past its maximum (rounding aside). */
export function searchSegment(
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
  return low > SHORTEST_STEP ? low : 1;
}
