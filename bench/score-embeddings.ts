/** Contestant: our heads on vectors in memory. Arguments: VECTORS.f32 product|head ROWS DIMS PROMPTS. */
import { readFileSync } from 'node:fs';
import { createHead } from '../transforms/model/head.js';
import { createProducts } from '../transforms/model/products.js';
import { serve, timed } from './serve.js';

const [file, what, ...shape] = process.argv.slice(2) as [string, string, ...string[]];
const [rows, dims, prompts] = shape.map(Number) as [number, number, number];
const all = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
const vectors = all.subarray(0, rows * dims);
const weights = Float64Array.from(all.subarray(rows * dims));
/** As large as the batches of a job, about. */
const BATCH = 1024;

const multiply = createProducts(weights, dims);
const head = createHead(
  { prompts: file, embedding: '', temperature: 0.01, activation: 'softmax', bias: 0 },
  { dims, names: Array.from({ length: prompts }, (_, i) => `${i}`), vectors: weights, bias: new Float64Array(prompts) },
);

/** Scores [rows, prompts] of some rows. */
const score = (from: number, count: number): ArrayLike<number> => {
  const some = vectors.subarray(from * dims, (from + count) * dims);
  return what === 'head' ? head.score(some, count) : multiply(some, count).products;
};

await serve(async () => {
  const { seconds, result } = await timed(() => {
    const out = new Float64Array(rows * prompts);
    for (let from = 0; from < rows; from += BATCH) out.set(score(from, Math.min(BATCH, rows - from)), from * prompts);
    return out;
  });
  let nearest = 0;
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let j = 1; j < prompts; j++) if (result[row * prompts + j]! > result[row * prompts + best]!) best = j;
    nearest += best;
  }
  return { seconds, microseconds_a_row: (seconds / rows) * 1e6, nearest };
});
