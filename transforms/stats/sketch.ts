/**
 * Quantiles of a column in bounded memory: values counted in buckets whose width is a share of the value (DDSketch: Masson, Rim, Lee,
 * PVLDB 12 (2019) 2195-2205, without its collapsing). Which bucket a value is in depends on the value alone, so sketches are a commutative
 * monoid with exact counts, and every quantile is within RELATIVE_ERROR of a value of exactly that rank.
 */
import { ByteReader, ByteWriter } from './varint.js';

/** Ours: a tenth of a percent would take ten times the buckets. */
export const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const SCALE = 1 / Math.log(GAMMA);
/** Buckets of positive doubles are numbered from 1 after adding this: the least is 5e-324. */
const ORIGIN = Math.ceil(745 * SCALE) + 2;
/** Bucket numbers of whole numbers below this are remembered: most lengths and sizes are such. */
const REMEMBERED = 1 << 16;
let remembered: Int32Array | undefined;

export interface Sketch {
  /** Bucket number: rows. 0 for zero, negative numbers for negative values. */
  readonly counts: Map<number, number>;
  /** Rows without a value: null, NaN or infinite. */
  missing: number;
  /** Infinity and -Infinity while there is no value. */
  minimum: number;
  maximum: number;
  /** Rows with the largest value. */
  atMaximum: number;
}

export function emptySketch(): Sketch {
  const [minimum, maximum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return { counts: new Map(), missing: 0, minimum, maximum, atMaximum: 0 };
}

function computeBucket(size: number): number {
  return Math.ceil(Math.log(size) * SCALE) + ORIGIN;
}

/** The bucket of a finite value: bucket i > 0 has GAMMA^(i - ORIGIN - 1) < x <= GAMMA^(i - ORIGIN). */
export function bucketOf(value: number): number {
  if (value === 0) return 0;
  const size = Math.abs(value);
  let bucket: number;
  if (size < REMEMBERED && Number.isInteger(size)) {
    remembered ??= Int32Array.from({ length: REMEMBERED }, (_, i) => (i === 0 ? 0 : computeBucket(i)));
    bucket = remembered[size];
  } else bucket = computeBucket(size);
  return value < 0 ? -bucket : bucket;
}

/** Adds one row; what is not finite counts as missing. */
export function addValue(sketch: Sketch, given: number): void {
  if (!Number.isFinite(given)) {
    sketch.missing++;
    return;
  }
  // Of -0 and 0 the first would win, and sketches would depend on the order.
  const value = given + 0;
  if (value < sketch.minimum) sketch.minimum = value;
  if (value >= sketch.maximum) {
    sketch.atMaximum = value === sketch.maximum ? sketch.atMaximum + 1 : 1;
    sketch.maximum = value;
  }
  const bucket = bucketOf(value);
  sketch.counts.set(bucket, (sketch.counts.get(bucket) ?? 0) + 1);
}

/** Adds `from` to `into` and returns `into`. */
export function mergeSketches(into: Sketch, from: Sketch): Sketch {
  for (const [bucket, rows] of from.counts) into.counts.set(bucket, (into.counts.get(bucket) ?? 0) + rows);
  into.missing += from.missing;
  into.minimum = Math.min(into.minimum, from.minimum);
  if (from.maximum >= into.maximum) {
    into.atMaximum = from.atMaximum + (from.maximum === into.maximum ? into.atMaximum : 0);
    into.maximum = from.maximum;
  }
  return into;
}

/** Canonical: equal sketches give equal bytes. */
export function encodeSketch(sketch: Sketch): Uint8Array {
  const out = new ByteWriter();
  out.number(sketch.missing);
  out.number(sketch.counts.size);
  out.double(sketch.minimum);
  out.double(sketch.maximum);
  out.number(sketch.atMaximum);
  for (const [bucket, rows] of [...sketch.counts].sort(([a], [b]) => a - b)) {
    out.number(bucket < 0 ? -2 * bucket - 1 : 2 * bucket);
    out.number(rows);
  }
  return out.take();
}

/** Throws InputError for bytes that `encodeSketch` did not write. */
export function decodeSketch(bytes: Uint8Array): Sketch {
  const from = new ByteReader('sketch', bytes);
  const sketch = emptySketch();
  sketch.missing = from.number();
  const buckets = from.number(bytes.length);
  sketch.minimum = from.double();
  sketch.maximum = from.double();
  sketch.atMaximum = from.number();
  for (let i = 0; i < buckets; i++) {
    const code = from.number(4 * ORIGIN);
    sketch.counts.set(code % 2 === 1 ? -(code + 1) / 2 : code / 2, from.number());
  }
  from.end();
  return sketch;
}

/** The value that stands for a bucket: within RELATIVE_ERROR of each in it. */
function middleOf(bucket: number): number {
  if (bucket === 0) return 0;
  const upper = Math.exp((Math.abs(bucket) - ORIGIN) / SCALE);
  return (Math.sign(bucket) * 2 * upper) / (1 + GAMMA);
}

export interface SketchFigures {
  readonly rows: number;
  readonly missing: number;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Within RELATIVE_ERROR where no value is negative. */
  readonly mean: number | null;
  /** Each within RELATIVE_ERROR of the value of rank max(1, ceil(probability rows)). */
  readonly quantiles: { probability: number; value: number }[];
  /** low < x <= high, exact; at most `maximumBins`, of one or more buckets each, the lowest first. */
  readonly bins: { low: number; high: number; rows: number }[];
}

/** Bounds of a bucket; those of bucket 0 are both 0. */
function boundsOf(bucket: number): { low: number; high: number } {
  if (bucket === 0) return { low: 0, high: 0 };
  const outer = Math.exp((Math.abs(bucket) - ORIGIN) / SCALE);
  const inner = Math.exp((Math.abs(bucket) - ORIGIN - 1) / SCALE);
  return bucket > 0 ? { low: inner, high: outer } : { low: -outer, high: -inner };
}

export function readSketch(sketch: Sketch, probabilities: readonly number[], maximumBins: number): SketchFigures {
  const { counts, missing, minimum, maximum } = sketch;
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const rows = buckets.reduce((sum, [, n]) => sum + n, 0);
  if (rows === 0) return { rows, missing, minimum: null, maximum: null, mean: null, quantiles: [], bins: [] };
  const within = (x: number) => Math.min(maximum, Math.max(minimum, x));
  const quantiles = probabilities.map((probability) => {
    const rank = Math.max(1, Math.ceil(probability * rows));
    let seen = 0;
    const found = buckets.find(([, n]) => {
      seen += n;
      return seen >= rank;
    });
    return { probability, value: within(middleOf(found![0])) };
  });
  return {
    rows,
    missing,
    minimum,
    maximum,
    mean: buckets.reduce((sum, [bucket, n]) => sum + n * within(middleOf(bucket)), 0) / rows,
    quantiles,
    bins: binsOf(buckets, maximumBins),
  };
}

/** Neighbouring buckets together, all of as many buckets, so that there are at most `maximum`; zero stays by itself. */
function binsOf(buckets: readonly (readonly [bucket: number, rows: number])[], maximum: number) {
  const span = buckets.at(-1)![0] - buckets[0][0] + 1;
  // Zero, and the sign, may cut a bin in two.
  const width = Math.max(1, Math.ceil(span / Math.max(1, maximum - 2)));
  const groupOf = (bucket: number) =>
    bucket === 0 ? 0 : Math.sign(bucket) * (Math.floor((Math.abs(bucket) - 1) / width) + 1);
  const bins: { low: number; high: number; rows: number }[] = [];
  let group: number | undefined;
  for (const [bucket, rows] of buckets) {
    const { low, high } = boundsOf(bucket);
    if (groupOf(bucket) === group) {
      const last = bins.at(-1)!;
      last.high = high;
      last.rows += rows;
    } else bins.push({ low, high, rows });
    group = groupOf(bucket);
  }
  return bins;
}
