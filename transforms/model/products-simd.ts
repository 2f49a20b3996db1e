/** The products of `products.ts` by WebAssembly, four numbers at a time. */
import type { Products } from './products.js';
import { instantiate } from './products-wasm.js';

/** As in products.wat: rows and classes at a time, and the dims of an unrolled step. */
const ROWS = 3;
const CLASSES = 8;
const DIMS = 4;
/** Numbers of vectors in WebAssembly memory at a time, about: with the weights they stay in the second cache. */
const TILE = 2 ** 16;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;
const DOUBLE = Float64Array.BYTES_PER_ELEMENT;
const PAGE = 2 ** 16;

const upTo = (count: number, step: number) => Math.ceil(count / step) * step;

/** undefined where the processor has no SIMD, or there is no memory for these weights [n, dims]. */
export function simdProducts(weights: Float64Array, dims: number): Products | undefined {
  const n = weights.length / dims;
  const width = upTo(dims, DIMS);
  const outWidth = upTo(n, CLASSES);
  const groups = outWidth / CLASSES;
  const tile = upTo(Math.min(TILE / width, TILE / outWidth), ROWS);
  const at = { weights: 0, out: outWidth * width * FLOAT, squared: 0, vectors: 0 };
  at.squared = at.out + tile * outWidth * DOUBLE;
  at.vectors = upTo(at.squared + tile * DOUBLE, DOUBLE * 2);
  const bytes = at.vectors + tile * width * FLOAT;
  let code: ReturnType<typeof instantiate>;
  try {
    code = instantiate();
    code.memory.grow(Math.ceil(bytes / PAGE));
  } catch {
    return undefined;
  }
  const { buffer } = code.memory;
  const packed = new Float32Array(buffer, at.weights, outWidth * width);
  for (let j = 0; j < n; j++) {
    const group = Math.floor(j / CLASSES) * CLASSES * width + (j % CLASSES);
    for (let d = 0; d < dims; d++) packed[group + d * CLASSES] = weights[j * dims + d]!;
  }
  const x = new Float32Array(buffer, at.vectors, tile * width);
  const out = new Float64Array(buffer, at.out, tile * outWidth);
  const lengths = new Float64Array(buffer, at.squared, tile);

  /** Rows from..to of `vectors`, as float32; what is beyond them in the tile stays as it was, and is not looked at. */
  function load(vectors: ArrayLike<number>, from: number, to: number): void {
    if (width === dims && ArrayBuffer.isView(vectors)) {
      x.set((vectors as Float32Array | Float64Array).subarray(from * dims, to * dims));
      return;
    }
    for (let row = from, start = 0; row < to; row++, start += width) {
      for (let d = 0; d < dims; d++) x[start + d] = vectors[row * dims + d]!;
    }
  }

  return (vectors, rows) => {
    const products = new Float64Array(rows * n);
    const squared = new Float64Array(rows);
    for (let from = 0; from < rows; from += tile) {
      const count = Math.min(tile, rows - from);
      load(vectors, from, from + count);
      out.fill(0, 0, upTo(count, ROWS) * outWidth);
      code.products(at.vectors, at.weights, at.out, upTo(count, ROWS), width, groups);
      code.squaredLengths(at.vectors, at.squared, count, width);
      squared.set(lengths.subarray(0, count), from);
      if (n === outWidth) products.set(out.subarray(0, count * n), from * n);
      else {
        for (let row = 0; row < count; row++)
          products.set(out.subarray(row * outWidth, row * outWidth + n), (from + row) * n);
      }
    }
    return { products, squared };
  };
}
