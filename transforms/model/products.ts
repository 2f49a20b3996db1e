/** Dot products of many vectors with a few: the arithmetic behind every embedding head. */

/** Classes that one pass over a vector multiplies with: as many sums as stay in registers. */
const BLOCK = 4;

/**
 * Products [rows, n] of vectors [rows, dims] with weights [n, dims], each summed in float64 in the order of the dims. The sums do not
 * depend on how rows are batched.
 * @throws RangeError where the lengths do not fit.
 */
export function products(
  vectors: ArrayLike<number>,
  weights: Float64Array,
  rows: number,
  dims: number,
  out: Float64Array = new Float64Array((rows * weights.length) / dims),
): Float64Array {
  const n = weights.length / dims;
  if (!Number.isInteger(n) || vectors.length < rows * dims || out.length !== rows * n) {
    throw new RangeError(`${vectors.length} numbers of vectors, ${weights.length} of weights, ${out.length} products`);
  }
  const vector = new Float64Array(dims);
  const whole = n - (n % BLOCK);
  for (let row = 0; row < rows; row++) {
    for (let d = 0, at = row * dims; d < dims; d++) vector[d] = vectors[at++]!;
    const base = row * n;
    for (let j = 0; j < whole; j += BLOCK) four(vector, weights, j * dims, dims, out, base + j);
    for (let j = whole; j < n; j++) out[base + j] = one(vector, weights, j * dims, dims);
  }
  return out;
}

function four(x: Float64Array, w: Float64Array, at: number, dims: number, out: Float64Array, to: number): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let e = 0;
  const second = at + dims;
  const third = second + dims;
  const fourth = third + dims;
  for (let d = 0; d < dims; d++) {
    const value = x[d]!;
    a += value * w[at + d]!;
    b += value * w[second + d]!;
    c += value * w[third + d]!;
    e += value * w[fourth + d]!;
  }
  out[to] = a;
  out[to + 1] = b;
  out[to + 2] = c;
  out[to + 3] = e;
}

function one(x: Float64Array, w: Float64Array, at: number, dims: number): number {
  let sum = 0;
  for (let d = 0; d < dims; d++) sum += x[d]! * w[at + d]!;
  return sum;
}

/** Squared lengths [rows] of vectors [rows, dims]. */
export function squaredLengths(vectors: ArrayLike<number>, rows: number, dims: number): Float64Array {
  const out = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let d = 0; d < dims; d++, at++) sum += vectors[at]! * vectors[at]!;
    out[row] = sum;
  }
  return out;
}
