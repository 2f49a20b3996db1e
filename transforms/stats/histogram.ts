/** How the weights are spread: exact counts at 0, at Q, and in equal bins between. A commutative monoid. */
import { InputError, InvariantError } from '../../schemas/errors.js';

/** Ours: fine enough to see where weights gather, short enough for a report. */
export const WEIGHT_BINS = 20;
const ZERO = 0;
const MAXIMUM = 1;
const FIRST_BIN = 2;

export interface WeightHistogram {
  /** Q, the largest weight. */
  readonly maximum: number;
  /** [2 + WEIGHT_BINS] rows: with weight 0, with weight Q, and with Q i / WEIGHT_BINS <= q < Q (i + 1) / WEIGHT_BINS, 0 < q < Q. */
  readonly counts: Float64Array;
}

export function emptyHistogram(maximum: number): WeightHistogram {
  return { maximum, counts: new Float64Array(FIRST_BIN + WEIGHT_BINS) };
}

/** Counts the weights [rows] of all rows, or of those in `indices`. Throws InvariantError for a weight outside [0, Q]. */
export function addWeights({ maximum, counts }: WeightHistogram, weights: Float64Array, indices?: Uint32Array): void {
  const count = indices === undefined ? weights.length : indices.length;
  for (let at = 0; at < count; at++) {
    const q = weights[indices === undefined ? at : indices[at]];
    if (q === 0) counts[ZERO]++;
    else if (q === maximum) counts[MAXIMUM]++;
    else if (q > 0 && q < maximum) {
      // Rounding may carry a weight just below Q up to it.
      counts[FIRST_BIN + Math.min(WEIGHT_BINS - 1, Math.floor((q / maximum) * WEIGHT_BINS))]++;
    } else throw new InvariantError(`weights: ${q} is not in [0, ${maximum}]`);
  }
}

/** Adds `from` to `into` and returns `into`. Throws InvariantError where Q differs. */
export function mergeHistograms(into: WeightHistogram, from: WeightHistogram): WeightHistogram {
  if (into.maximum !== from.maximum) throw new InvariantError(`weights: maximum ${into.maximum} and ${from.maximum}`);
  for (let i = 0; i < into.counts.length; i++) into.counts[i] += from.counts[i];
  return into;
}

/** Q and the counts, as little-endian float64. */
export function encodeHistogram({ maximum, counts }: WeightHistogram): Uint8Array {
  const bytes = new Uint8Array(8 * (1 + counts.length));
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, maximum, true);
  counts.forEach((count, i) => {
    view.setFloat64(8 * (1 + i), count, true);
  });
  return bytes;
}

/** Throws InputError for bytes of another length, or with what cannot be a count. */
export function decodeHistogram(bytes: Uint8Array): WeightHistogram {
  const length = 8 * (1 + FIRST_BIN + WEIGHT_BINS);
  if (bytes.length !== length) {
    throw new InputError('weight histogram', { expected: `${length} bytes`, got: `${bytes.length}` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const histogram = emptyHistogram(view.getFloat64(0, true));
  for (let i = 0; i < histogram.counts.length; i++) {
    const count = view.getFloat64(8 * (1 + i), true);
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new InputError('weight histogram', { expected: 'counts', got: `${count}` });
    }
    histogram.counts[i] = count;
  }
  return histogram;
}

/** Rows counted in all, with weight 0, with weight Q, and in each bin between. */
export function readHistogram({ maximum, counts }: WeightHistogram): {
  rows: number;
  zero: number;
  atMaximum: number;
  bins: { low: number; high: number; rows: number }[];
} {
  const bins = Array.from(counts.subarray(FIRST_BIN), (rows, i) => ({
    low: (maximum * i) / WEIGHT_BINS,
    high: (maximum * (i + 1)) / WEIGHT_BINS,
    rows,
  }));
  return { rows: counts.reduce((a, b) => a + b, 0), zero: counts[ZERO], atMaximum: counts[MAXIMUM], bins };
}
