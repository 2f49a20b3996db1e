/** mu: the dual of E[q] = rate. */

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
    // A shorter step is the rounding of the sums.
    if (Math.abs(next - mu) <= Number.EPSILON * Q) break;
    mu = next;
  }
  return mu;
}
