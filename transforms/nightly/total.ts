/**
 * The total of nights: patterns and moments of each, times how much the night counts, added up in the order of the nights. With factors
 * of 1 (a window) it is the sum of counts, exact, and what one run over all of the rows counts.
 */
import { addUnits, carry, createSums, type ExactSums, sumValue, toUnits } from '../../schemas/exact-sum.js';
import type { Moments } from '../../schemas/moments.js';
import { readPatterns } from '../balance/pattern-bytes.js';
import { createPatterns, mergePatterns, type PatternTable } from '../balance/patterns.js';
import { emptyMoments, mergeMoments, unitSums } from '../stats/moments.js';

export interface CountedPatterns {
  /** As `encodePatterns` gives them. */
  readonly patterns: Uint8Array;
  readonly factor: number;
}

/** The table with each count times `factor`. */
function scaledPatterns(table: PatternTable, factor: number): PatternTable {
  if (factor === 1) return table;
  const scaled = (counts: Float64Array) => counts.map((rows) => rows * factor);
  return {
    ...table,
    rows: table.rows * factor,
    bare: scaled(table.bare),
    cellCount: scaled(table.cellCount),
    counts: scaled(table.counts),
  };
}

/** All patterns of the nights, in the given order, coarsened as the limit demands. Throws InputError for bytes that are none. */
export function totalPatterns(
  nights: Iterable<CountedPatterns>,
  { m, c, limit }: Pick<PatternTable, 'm' | 'c' | 'limit'>,
): PatternTable {
  const total = createPatterns(m, c, limit);
  for (const { patterns, factor } of nights) {
    mergePatterns(total, scaledPatterns({ ...readPatterns(patterns), limit }, factor));
  }
  return total;
}

function scaledSums(sums: ExactSums, factor: number): ExactSums {
  const scaled = createSums(sums.lo.length);
  for (let i = 0; i < sums.lo.length; i++) addUnits(scaled, i, toUnits(sumValue(sums, i) * factor));
  carry(scaled);
  return scaled;
}

/** Moments whose every weight is times `factor`; the examples, and so the support, stay. Rounded to 2^-30. */
export function scaledMoments(moments: Moments, factor: number): Moments {
  const copy = mergeMoments(emptyMoments(moments.attributes, moments.labels), moments);
  if (factor === 1 || copy.support === null) return copy;
  const { weights, squares } = copy.weighted ?? { weights: unitSums(copy.support), squares: unitSums(copy.support) };
  copy.weighted = { weights: scaledSums(weights, factor), squares: scaledSums(squares, factor * factor) };
  return copy;
}
