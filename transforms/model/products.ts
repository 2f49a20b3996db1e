/**
 * Dot products of many vectors with a few: the arithmetic behind every embedding head.
 *
 * Vectors and weights are float32. A product is summed in float32 over each 128 dims in their order, and those sums in float64: an error of about 1e-7 of
 * the product of both lengths. A squared length is summed in float64, in four sums by the number of the dim modulo 4. Nothing depends on how rows
 * are batched, and WebAssembly's lanes do the same as JavaScript does here, so that scores are the same on every machine, to the bit.
 */
import { simdProducts } from './products-simd.js';

/** Dims that are summed in float32. */
const BLOCK = 128;
/** Sums that a squared length is made of. */
const SUMS = 4;

export interface Multiplied {
  /** [rows, n] */
  readonly products: Float64Array;
  /** [rows] squared lengths of the vectors. */
  readonly squared: Float64Array;
}

/** Multiplies vectors [rows, dims] with the weights [n, dims] that it was made with. */
export type Products = (vectors: ArrayLike<number>, rows: number) => Multiplied;

/**
 * Of weights [n, dims]. Throws RangeError where `weights` is of another length; what is returned does where it is given fewer numbers than rows have.
 */
export function createProducts(weights: Float64Array, dims: number): Products {
  if (weights.length === 0 || !Number.isInteger(weights.length / dims))
    throw new RangeError(`${weights.length} weights of ${dims} dims`);
  const multiply = simdProducts(weights, dims) ?? plainProducts(weights, dims);
  return (vectors, rows) => {
    if (vectors.length < rows * dims) throw new RangeError(`${vectors.length} numbers in ${rows} rows of ${dims}`);
    return multiply(vectors, rows);
  };
}

/** In JavaScript: the slow twin, and what is used where there is no SIMD. */
export function plainProducts(weights: Float64Array, dims: number): Products {
  const n = weights.length / dims;
  const rounded = Float32Array.from(weights);
  return (vectors, rows) => {
    const products = new Float64Array(rows * n);
    const squared = new Float64Array(rows);
    const vector = new Float32Array(dims);
    const sums = new Float64Array(SUMS);
    for (let row = 0; row < rows; row++) {
      sums.fill(0);
      for (let d = 0; d < dims; d++) {
        vector[d] = vectors[row * dims + d]!;
        sums[d % SUMS]! += vector[d]! * vector[d]!;
      }
      squared[row] = sums[0]! + sums[2]! + (sums[1]! + sums[3]!);
      for (let j = 0; j < n; j++) {
        let product = 0;
        for (let from = 0; from < dims; from += BLOCK) {
          const to = Math.min(dims, from + BLOCK);
          let sum = 0;
          for (let d = from; d < to; d++) sum = Math.fround(sum + Math.fround(vector[d]! * rounded[j * dims + d]!));
          product += sum;
        }
        products[row * n + j] = product;
      }
    }
    return { products, squared };
  };
}

/** Squared lengths [n] of vectors [n, dims], in float64: of weights, which need not be fast. */
export function squaredLengths(vectors: Float64Array, dims: number): Float64Array {
  return Float64Array.from({ length: vectors.length / dims }, (_, i) => {
    let sum = 0;
    for (let at = i * dims; at < (i + 1) * dims; at++) sum += vectors[at]! * vectors[at]!;
    return sum;
  });
}
