/** The synthetic problem of the algorithm's reference figures: m = 2, c = 100, about 1.2 labels a row, u uniform in [0.5, 1.5]. */
import type { Problem } from '../../../transforms/balance/problem.js';
import type { Example } from './adult.js';

/** mulberry32 (public domain), so that the rows are the same everywhere. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function synthetic(rows: number, m = 2, c = 100, seed = 1): Required<Example> {
  const random = generator(seed);
  const base = new Float64Array(c);
  const association = new Float64Array(m * c);
  for (let j = 0; j < c; j++) {
    base[j] = 0.002 + 0.03 * random() ** 3;
    for (let k = 0; k < m; k++) association[k * c + j] = 1.6 * (random() - 0.5) * 2;
  }
  const attributes = new Uint8Array(rows * m);
  const utility = new Float64Array(rows);
  const offsets = new Uint32Array(rows + 1);
  let labels = new Uint16Array(2 * rows + c);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < m; k++) attributes[i * m + k] = random() < 0.3 + (0.25 * k) / Math.max(1, m) ? 1 : 0;
    if (count + c > labels.length) {
      const larger = new Uint16Array(2 * labels.length);
      larger.set(labels);
      labels = larger;
    }
    for (let j = 0; j < c; j++) {
      let log = 0;
      for (let k = 0; k < m; k++) log += association[k * c + j] * (attributes[i * m + k] - 0.5);
      if (random() < base[j] * Math.exp(log)) labels[count++] = j;
    }
    offsets[i + 1] = count;
    utility[i] = 0.5 + random();
  }
  return { tags: { rows, attributes, offsets, labels: labels.slice(0, count) }, m, c, utility };
}

export function problemOf(
  { m, c }: { readonly m: number; readonly c: number },
  options: {
    rate: number;
    representation?: number;
    association?: number;
    conditional?: boolean;
    penalty?: number;
    maximum?: number;
    target?: number[];
  },
): Problem {
  const tolerance = new Float64Array(m * (c + 1)).fill(options.association ?? 0.01);
  for (let k = 0; k < m; k++) tolerance[k * (c + 1)] = options.representation ?? 0.01;
  return {
    m,
    c,
    target: Float64Array.from(options.target ?? new Array(m).fill(0.5)),
    tolerance,
    conditional: options.conditional ?? false,
    penalty: options.penalty ?? 10,
    maximum: options.maximum ?? 1,
    rate: options.rate,
  };
}
