/** The inner problem of the exact fit: a concave quadratic within a box, by projected Newton steps. */

/** Pivots below this share of the diagonal are a direction in which the quadratic is flat. */
const FLAT_PIVOT = 1e-13;
const MAXIMUM_STEPS = 40;
/** Armijo's constant. */
const SUFFICIENT = 0.1;
/** Free gradients below this share of the largest gradient at the start count as 0. */
const SMALL_GRADIENT = 1e-14;

/** A symmetric, positive semidefinite matrix [n, n], stored or only applied. */
export interface SymmetricOperator {
  readonly n: number;
  readonly diagonal: Float64Array;
  readonly matrix?: Float64Array;
  /** out = H x. */
  apply(x: Float64Array, out: Float64Array): void;
}

/** maximise g.x - x'Hx / 2 over lower <= x <= upper; 0 lies within. */
export interface BoxQuadratic {
  readonly operator: SymmetricOperator;
  readonly g: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Added to the diagonal. */
  readonly ridge: number;
}

/** The maximiser [n], or the best point after 40 steps. Follows Tassa, Mansard and Todorov (ICRA 2014), box-DDP. */
export function solveBox({ operator, g, lower, upper, ridge }: BoxQuadratic): Float64Array {
  const { n, matrix } = operator;
  const x = new Float64Array(n);
  const trial = new Float64Array(n);
  const gradient = Float64Array.from(g);
  const change = new Float64Array(n);
  const step = new Float64Array(n);
  const free = new Int32Array(n);
  const factor = new Float64Array(matrix === undefined ? 0 : n * n);
  const product = new Float64Array(n);
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
    if (matrix === undefined) {
      solveConjugate(operator, ridge, gradient, free.subarray(0, count), step);
    } else {
      for (let i = 0; i < count; i++) {
        gather(matrix, free[i] * n, free, i + 1, factor, i * count);
        factor[i * count + i] += ridge;
        rhs[i] = gradient[free[i]];
      }
      solveCholesky(factor, rhs, count);
      step.fill(0);
      for (let i = 0; i < count; i++) step[free[i]] = rhs[i];
    }
    let scale = 1;
    let moved = false;
    for (let halving = 0; halving < 60; halving++, scale /= 2) {
      let ascent = 0;
      for (let i = 0; i < n; i++) {
        trial[i] = Math.min(upper[i], Math.max(lower[i], x[i] + scale * step[i]));
        change[i] = trial[i] - x[i];
        ascent += gradient[i] * change[i];
      }
      operator.apply(change, product);
      let curvature = 0;
      for (let i = 0; i < n; i++) {
        product[i] += ridge * change[i];
        curvature += change[i] * product[i];
      }
      if (ascent - curvature / 2 >= SUFFICIENT * ascent && ascent > 0) {
        moved = true;
        break;
      }
    }
    if (!moved) break;
    x.set(trial);
    for (let i = 0; i < n; i++) gradient[i] -= product[i];
  }
  return x;
}

function gather(
  from: Float64Array,
  row: number,
  columns: Int32Array,
  count: number,
  to: Float64Array,
  start: number,
): void {
  for (let j = 0; j < count; j++) to[start + j] = from[row + columns[j]];
}

/** Relative residual at which conjugate gradients stop: the outer Newton steps correct the rest. */
const CONJUGATE_RESIDUAL = 1e-8;
const CONJUGATE_STEPS = 400;

/** (H + ridge) x = b over the free coordinates, by conjugate gradients with the diagonal as preconditioner; x is 0 elsewhere. */
function solveConjugate(
  { n, diagonal, apply }: SymmetricOperator,
  ridge: number,
  b: Float64Array,
  free: Int32Array,
  x: Float64Array,
): void {
  x.fill(0);
  const residual = new Float64Array(n);
  const direction = new Float64Array(n);
  const product = new Float64Array(n);
  // A diagonal of 0 is a dual that no open example has: the floor keeps its step finite and its share small.
  const floor = ridge + FLAT_PIVOT;
  let rho = 0;
  for (const i of free) {
    residual[i] = b[i];
    direction[i] = b[i] / (diagonal[i] + floor);
    rho += residual[i] * direction[i];
  }
  const enough = CONJUGATE_RESIDUAL * CONJUGATE_RESIDUAL * rho;
  for (let step = 0; step < CONJUGATE_STEPS && rho > enough; step++) {
    apply(direction, product);
    let curvature = 0;
    for (const i of free) {
      product[i] += ridge * direction[i];
      curvature += direction[i] * product[i];
    }
    if (!(curvature > 0)) break;
    const scale = rho / curvature;
    let next = 0;
    for (const i of free) {
      x[i] += scale * direction[i];
      residual[i] -= scale * product[i];
      next += (residual[i] * residual[i]) / (diagonal[i] + floor);
    }
    for (const i of free) direction[i] = residual[i] / (diagonal[i] + floor) + (next / rho) * direction[i];
    rho = next;
  }
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
