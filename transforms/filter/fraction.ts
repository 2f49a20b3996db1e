/**
 * The exact threshold of a top fraction over the whole input, by radix selection: each pass over the scores fixes the next 16
 * bits of the threshold, seen as an order-preserving integer; where few scores are left in question they are collected.
 *
 * A pass is a mergeable histogram: `addScores` over any splits in any order, `mergeHistograms`, then `refine` once. Float32
 * columns need two passes at most, others four, of 512 KiB each.
 */
import type { Data } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { type NumberColumn, numbersOf } from '../tag/column.js';

/** The width of the integer that a score is seen as: 32 bits for float32 columns, else 64. */
export type ScoreWidth = 32 | 64;

/** Scores whose top `depth` digits of 16 bits are `prefix` (first digit first). Plain JSON. */
export interface ScoreRange {
  readonly width: ScoreWidth;
  readonly prefix: readonly number[];
}

/** How often each next digit occurs among the scores of a range; a commutative monoid under `mergeHistograms`. */
export interface ScoreHistogram {
  readonly range: ScoreRange;
  /** [65,536], exact. */
  readonly counts: Float64Array;
  /** Rows seen, of any score or none. */
  rows: number;
  /** Rows with a score: neither null nor NaN. */
  scored: number;
}

/** What is known after a pass: the threshold, or the range in which it lies. */
export type Refined =
  | ({ readonly done: true } & Threshold)
  | {
      readonly done: false;
      readonly range: ScoreRange;
      /** The threshold is the `rank`-th largest score in the range, from 1. */
      readonly rank: number;
      /** Scores in the range. */
      readonly inside: number;
      /** Scores above the range. */
      readonly above: number;
    };

export interface Threshold {
  /** Rows with at least this score are kept. */
  readonly threshold: number;
  /** Rows that the fraction asks for; 0 where no row has a score. */
  readonly asked: number;
  /** Rows kept. */
  readonly kept: number;
  /** Rows whose score is the threshold itself. */
  readonly ties: number;
}

const DIGITS = 0x10000;
const TWO_32 = 2 ** 32;

/** All scores of a column of this Arrow type (as `ColumnInfo` has it): where the selection starts. */
export function wholeRange(types: readonly string[]): ScoreRange {
  return { width: types.every((type) => type === 'Float32') ? 32 : 64, prefix: [] };
}

/** The neutral element. */
export function emptyHistogram(range: ScoreRange): ScoreHistogram {
  return { range, counts: new Float64Array(DIGITS), rows: 0, scored: 0 };
}

/** Calls `visit` with the score and the two words of its key, for each row of the range that is kept so far. */
function forEachScore(
  range: ScoreRange,
  column: NumberColumn,
  drop: Uint8Array | undefined,
  visit: (value: number, high: number, low: number) => void,
): { rows: number; scored: number } {
  const single = range.width === 32;
  const scratch = single ? new Float32Array(1) : new Float64Array(1);
  const words = new Uint32Array(scratch.buffer);
  const top = single ? 0 : 1;
  let rows = 0;
  let scored = 0;
  const depth = range.prefix.length;
  const high = depth === 0 ? 0 : range.prefix[0]! * DIGITS + (range.prefix[1] ?? 0);
  const highShift = depth >= 2 ? 0 : 16;
  for (let i = 0; i < column.rows; i++) {
    if (drop !== undefined && drop[i] !== 0) continue;
    rows++;
    // Adding 0 makes -0 into 0, which compares equal to it.
    const value = column.values[i]! + 0;
    if (Number.isNaN(value) || (column.valid !== undefined && column.valid[i] === 0)) continue;
    scored++;
    scratch[0] = value;
    const negative = words[top]! >>> 31 === 1;
    const keyHigh = (negative ? ~words[top]! : words[top]! | 0x80000000) >>> 0;
    const keyLow = single ? 0 : (negative ? ~words[0]! : words[0]!) >>> 0;
    if (depth > 0 && keyHigh >>> highShift !== high >>> highShift) continue;
    if (depth > 2 && keyLow >>> 16 !== range.prefix[2]) continue;
    visit(value, keyHigh, keyLow);
  }
  if (single && scored > 0 && !(column.values instanceof Float32Array)) {
    throw new InvariantError('scores wider than float32 in a selection of 32 bits');
  }
  return { rows, scored };
}

/**
 * Counts a batch's scores in place; with `drop` [rows], only rows where it is 0.
 * @throws InputError where the column is not of numbers.
 */
export function addScores(histogram: ScoreHistogram, name: string, data: Data, drop?: Uint8Array): void {
  const depth = histogram.range.prefix.length;
  const counts = histogram.counts;
  const { rows, scored } = forEachScore(histogram.range, numbersOf(name, data), drop, (_, high, low) => {
    counts[((depth < 2 ? high : low) >>> (depth % 2 === 0 ? 16 : 0)) & (DIGITS - 1)]!++;
  });
  histogram.rows += rows;
  histogram.scored += scored;
}

/** The sum: commutative and associative, exact. */
export function mergeHistograms(a: ScoreHistogram, b: ScoreHistogram): ScoreHistogram {
  if (JSON.stringify(a.range) !== JSON.stringify(b.range)) throw new InvariantError('histograms of different ranges');
  return {
    range: a.range,
    counts: a.counts.map((count, i) => count + b.counts[i]!),
    rows: a.rows + b.rows,
    scored: a.scored + b.scored,
  };
}

/**
 * Rows that a fraction asks for: the fraction of all rows, rounded up, at least 1; rows without a score count as rows but are
 * never kept. (DataComp's baselines take the score of rank floor(fraction * rows) + 1, one row more where the product is whole.)
 */
export function rankOf(fraction: number, histogram: Pick<ScoreHistogram, 'rows' | 'scored'>): number {
  const wanted = Math.ceil(histogram.rows * fraction * (1 - Number.EPSILON));
  return Math.min(Math.max(1, wanted), histogram.scored);
}

function scoreOfKey(width: ScoreWidth, digits: readonly number[]): number {
  const key = new Uint32Array(2);
  const high = digits[0]! * DIGITS + digits[1]!;
  const low = width === 64 ? digits[2]! * DIGITS + digits[3]! : 0;
  const negative = high < TWO_32 / 2;
  const flippedHigh = negative ? ~high : high ^ 0x80000000;
  if (width === 32) {
    key[0] = flippedHigh;
    return new Float32Array(key.buffer)[0]!;
  }
  key[0] = negative ? ~low : low;
  key[1] = flippedHigh;
  return new Float64Array(key.buffer)[0]!;
}

/**
 * Where the `rank`-th largest score of the histogram's range lies.
 * @param rank from 1: `rankOf` after the first pass, then the last `Refined`'s.
 * @param above scores above the range: 0 at first, then the last `Refined`'s.
 */
export function refine(histogram: ScoreHistogram, rank: number, above = 0): Refined {
  const { range, counts } = histogram;
  const asked = above + rank;
  if (rank === 0) return { done: true, threshold: Number.POSITIVE_INFINITY, asked: 0, kept: 0, ties: 0 };
  let over = 0;
  for (let digit = DIGITS - 1; digit >= 0; digit--) {
    const inside = counts[digit]!;
    if (over + inside < rank) {
      over += inside;
      continue;
    }
    const prefix = [...range.prefix, digit];
    if (prefix.length * 16 === range.width) {
      return {
        done: true,
        threshold: scoreOfKey(range.width, prefix),
        asked,
        kept: above + over + inside,
        ties: inside,
      };
    }
    return { done: false, range: { width: range.width, prefix }, rank: rank - over, inside, above: above + over };
  }
  throw new InvariantError(`rank ${rank} is beyond the ${over} scores of its range`);
}

/** The scores of a range, for where `inside` is small enough to keep them: concatenated over batches they give `thresholdOf`. */
export function collectScores(range: ScoreRange, name: string, data: Data, drop?: Uint8Array): Float64Array {
  const scores: number[] = [];
  forEachScore(range, numbersOf(name, data), drop, (value) => scores.push(value));
  return Float64Array.from(scores);
}

/** The threshold from all scores of the range that `refined` names; sorts `scores` in place. */
export function thresholdOf(scores: Float64Array, refined: Extract<Refined, { done: false }>): Threshold {
  if (scores.length !== refined.inside) {
    throw new InvariantError(`collected ${scores.length} scores of a range that holds ${refined.inside}`);
  }
  scores.sort();
  const threshold = scores[scores.length - refined.rank]!;
  let atLeast = 0;
  let ties = 0;
  for (const score of scores) {
    if (score >= threshold) atLeast++;
    if (score === threshold) ties++;
  }
  return { threshold, asked: refined.above + refined.rank, kept: refined.above + atLeast, ties };
}
