/** The inner problem of the exact fit: a concave quadratic within a box, by projected Newton steps. */

/** Pivots below this share of the diagonal are a direction in which the quadratic is flat. */
const FLAT_PIVOT = 1e-13;
const MAXIMUM_STEPS = 40;
/** Armijo's constant. */
const SUFFICIENT = 0.1;
/** Free gradients below this share of the largest gradient at the start count as 0. */
const SMALL_GRADIENT = 1e-14;

/** maximise g.x - x'Hx / 2 over lower <= x <= upper; H [n, n] symmetric, positive semidefinite. Starts at 0, which lies within. */
export interface BoxQuadratic {
  readonly n: number;
  readonly H: Float64Array;
  readonly g: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Added to the diagonal. */
  readonly ridge: number;
}

/** The maximiser [n], or the best point after 40 steps. Follows Tassa, Mansard and Todorov (ICRA 2014), box-DDP. */
export function solveBox({ n, H, g, lower, upper, ridge }: BoxQuadratic): Float64Array {
  const x = new Float64Array(n);
  const trial = new Float64Array(n);
  const gradient = Float64Array.from(g);
  const change = new Float64Array(n);
  const step = new Float64Array(n);
  const free = new Int32Array(n);
  const factor = new Float64Array(n * n);
  const rhs = new Float64Array(n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(g[i]));
  for (let iteration = 0; iteration < MAXIMUM_STEPS; iteration++) {
    let count = 0;
    let worst = 0;
    for (let i = 0; i < n; i++) {
      if ((x[i] <= lower[i] && gradient[i] <= 0) || (x[i] >= upper[i] && gradient[i] >= 0)) continue;
      free[count++] = i;
      worst = Math.max(worst, Math.abs(gradient[i]));
    }
    if (worst <= SMALL_GRADIENT * largest) break;
    for (let i = 0; i < count; i++) {
      const row = free[i] * n;
      for (let j = 0; j < i; j++) factor[i * count + j] = H[row + free[j]];
      factor[i * count + i] = H[row + free[i]] + ridge;
      rhs[i] = gradient[free[i]];
    }
    solveCholesky(factor, rhs, count);
    step.fill(0);
    for (let i = 0; i < count; i++) step[free[i]] = rhs[i];
    let scale = 1;
    let moved = false;
    for (let halving = 0; halving < 60; halving++, scale /= 2) {
      let ascent = 0;
      for (let i = 0; i < n; i++) {
        trial[i] = Math.min(upper[i], Math.max(lower[i], x[i] + scale * step[i]));
        change[i] = trial[i] - x[i];
        ascent += gradient[i] * change[i];
      }
      const curvature = quadraticForm(H, change, n, ridge);
      if (ascent - curvature / 2 >= SUFFICIENT * ascent && ascent > 0) {
        moved = true;
        break;
      }
    }
    if (!moved) break;
    for (let i = 0; i < n; i++) {
      if (change[i] === 0) continue;
      x[i] = trial[i];
      gradient[i] -= ridge * change[i];
      const row = i * n;
      for (let j = 0; j < n; j++) gradient[j] -= H[row + j] * change[i];
    }
  }
  return x;
}

function quadraticForm(H: Float64Array, x: Float64Array, n: number, ridge: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (x[i] === 0) continue;
    let sum = ridge * x[i];
    const row = i * n;
    for (let j = 0; j < n; j++) sum += H[row + j] * x[j];
    total += x[i] * sum;
  }
  return total;
}

/** Solves A x = b in place, A [n, n] by its lower triangle, which is overwritten; flat directions of A get x = 0. */
export function solveCholesky(A: Float64Array, b: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const diagonal = A[row + i];
    for (let j = 0; j < i; j++) {
      const other = j * n;
      let sum = A[row + j];
      for (let k = 0; k < j; k++) sum -= A[row + k] * A[other + k];
      A[row + j] = sum / A[other + j];
    }
    let pivot = diagonal;
    for (let k = 0; k < i; k++) pivot -= A[row + k] * A[row + k];
    A[row + i] = pivot > FLAT_PIVOT * diagonal ? Math.sqrt(pivot) : Number.POSITIVE_INFINITY;
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= A[i * n + k] * b[k];
    b[i] = sum / A[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    const value = b[i] / A[i * n + i];
    b[i] = value;
    for (let k = 0; k < i; k++) b[k] -= A[i * n + k] * value;
  }
}
