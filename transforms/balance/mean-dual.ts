/** mu: the dual of E[q] = rate. */

/** Cells in one call of the kernel: short calls are compiled early, see dual-value.ts. */
const CHUNK = 512;

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
  const totals = new Float64Array(2);
  for (let step = 0; step < 100; step++) {
    totals.fill(0);
    for (let i = 0; i < offset.length; i += CHUNK)
      addMean(offset, share, mu, Q, i, Math.min(i + CHUNK, offset.length), totals);
    const [mean, slope] = totals;
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

/** Adds E[q] and the share of 0 < q < Q of some cells to `totals`. */
function addMean(
  offset: Float64Array,
  share: Float64Array,
  mu: number,
  Q: number,
  from: number,
  to: number,
  totals: Float64Array,
): void {
  let mean = 0;
  let slope = 0;
  for (let i = from; i < to; i++) {
    const q = offset[i] - mu;
    if (q <= 0) continue;
    if (q >= Q) mean += share[i] * Q;
    else {
      mean += share[i] * q;
      slope += share[i];
    }
  }
  totals[0] += mean;
  totals[1] += slope;
}
