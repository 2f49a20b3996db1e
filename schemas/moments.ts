/** What the report is computed from: supports, weights and squared weights, for every attribute, label and pair of them. */
import type { ExactSums } from './exact-sum.js';

/** Ours: bounds what a message may claim; the tables of a data set have (2 m + 1)(c + 1) cells. */
export const MAXIMUM_ATTRIBUTES = 64;

/**
 * Moments of a set of weighted examples: an element of a commutative monoid, exact, so equal sets have equal moments in any
 * order and partition. Every table is [c + 1, 2 m + 1]: row 0 is about all examples, row r + 1 about those that carry label
 * r; column 0 about all of them, column 1 + 2 k + s about those in which attribute k is known to be s (see `columnOf`).
 * Examples in which attribute k is probably s, with probability p, are in its columns of q and q^2 with the share p.
 * Examples of weight 0 are not in the set. Owned by one writer: the functions of transforms/stats/moments.ts change it.
 */
export interface Moments {
  /** m */
  readonly attributes: number;
  /** c */
  readonly labels: number;
  /** Examples; null while there are none. */
  support: Float64Array | null;
  /** Sums of q and of q^2 (each addend rounded to a multiple of 2^-30), always carried; null while every weight is 1, when both equal support. */
  weighted: { readonly weights: ExactSums; readonly squares: ExactSums } | null;
}

/** One cell of each of the tables. */
export interface Cell {
  readonly support: number;
  /** Sum of q. */
  readonly weight: number;
  /** Sum of q^2. */
  readonly squares: number;
}

/** The column, or in place of a label the row, that is about all examples. */
export const EVERY = 0;

/** Column of the examples in which attribute k (from 0) is known to be s, ABSENT or PRESENT. */
export function columnOf(k: number, s: number): number {
  return 1 + 2 * k + s;
}
