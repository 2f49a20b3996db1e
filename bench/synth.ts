/**
 * The synthetic problem of the algorithm's reference figures: m = 2, c = 100, about 1.2 labels a row, u uniform in [0.5, 1.5], drawn by
 * mulberry32 (public domain) from seed 1. Its optimum at 200,000 rows, rate 0.5 and tolerance 0.001 is known: 0.098985.
 */
import type { Tags } from '../schemas/tags.js';
import type { Problem } from '../transforms/balance/problem.js';

export const ATTRIBUTES = 2;
export const LABELS = 100;

/** Uniform numbers in [0, 1), the same everywhere for one seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Synthetic {
  readonly tags: Tags;
  /** [rows] u as drawn, not divided by its mean. */
  readonly utility: Float64Array;
}

/** The rows; those of a smaller problem are the first of a larger one. */
export function synthesise(rows: number): Synthetic {
  const m = ATTRIBUTES;
  const c = LABELS;
  const random = mulberry32(1);
  const base = new Float64Array(c);
  const association = new Float64Array(m * c);
  for (let r = 0; r < c; r++) {
    base[r] = 0.002 + 0.03 * random() ** 3;
    for (let k = 0; k < m; k++) association[k * c + r] = 1.6 * (random() - 0.5) * 2;
  }
  /** Chance of each label by the attributes as bits: [2^m, c]. */
  const chance = new Float64Array(2 ** m * c);
  for (let s = 0; s < 2 ** m; s++)
    for (let r = 0; r < c; r++) {
      let log = 0;
      for (let k = 0; k < m; k++) log += association[k * c + r]! * (((s >> k) & 1) - 0.5);
      chance[s * c + r] = base[r]! * Math.exp(log);
    }
  const attributes = new Uint8Array(rows * m);
  const utility = new Float64Array(rows);
  const offsets = new Uint32Array(rows + 1);
  let labels = new Uint16Array(2 * rows + c);
  let count = 0;
  for (let i = 0; i < rows; i++) {
    let s = 0;
    for (let k = 0; k < m; k++)
      if (random() < 0.3 + (0.25 * k) / m) {
        attributes[i * m + k] = 1;
        s |= 1 << k;
      }
    if (count + c > labels.length) {
      const larger = new Uint16Array(2 * labels.length);
      larger.set(labels);
      labels = larger;
    }
    for (let r = 0; r < c; r++) if (random() < chance[s * c + r]!) labels[count++] = r;
    offsets[i + 1] = count;
    utility[i] = 0.5 + random();
  }
  return { tags: { rows, attributes, offsets, labels: labels.slice(0, count) }, utility };
}

/** The problem with one tolerance for everything. */
export function problemOf(m: number, c: number, options: { rate: number; tolerance: number }): Problem {
  return {
    m,
    c,
    target: new Float64Array(m).fill(0.5),
    tolerance: new Float64Array(m * (c + 1)).fill(options.tolerance),
    conditional: false,
    penalty: 10,
    maximum: 1,
    rate: options.rate,
  };
}
