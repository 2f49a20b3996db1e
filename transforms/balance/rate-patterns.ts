/** The patterns that other rates are solved for: all, or a sample of them. */
import { createInstance, type Instance } from './instance.js';
import { COARSEST_UTILITY } from './pattern-ranges.js';
import { createPatterns, type PatternTable } from './pattern-table.js';
import { mergePatterns, patternCount } from './patterns.js';
import type { Gathered } from './range-files.js';
import { addUtilities, meanUtility, sampled, type UtilityCounts } from './thin.js';

export interface RatePatterns {
  readonly instance: Instance;
  /** Patterns of the sample; undefined where none was left out. */
  readonly sample?: number;
}

/**
 * At most `size` patterns that stand for all that were gathered, of at least one row. A sample is one of patterns with u as coarse as can be.
 * @param whole the instance of all patterns, where it was made
 */
export function ratePatterns({ table, sample }: Gathered, size: number, whole?: Instance): RatePatterns {
  if (sample !== undefined) {
    // Of what was kept, one less than all has a known priority behind it.
    const most = sample.tau > 0 ? Math.min(size, patternCount(sample.kept) - 1) : size;
    return sampleOf(sample.kept, most, sample.utilityMean);
  }
  if (patternCount(table) <= size) return { instance: whole ?? createInstance(table) };
  const coarse = createPatterns(table.m, table.c, Number.POSITIVE_INFINITY);
  coarse.level = COARSEST_UTILITY;
  mergePatterns(coarse, { ...table, limit: coarse.limit });
  const utilities: UtilityCounts = new Map();
  addUtilities(utilities, coarse);
  return sampleOf(coarse, size, meanUtility(utilities, COARSEST_UTILITY));
}

function sampleOf(kept: PatternTable, size: number, utilityMean: number | undefined): RatePatterns {
  const { table, tau } = sampled(kept, size);
  const instance = createInstance(table, utilityMean);
  return tau > 0 ? { instance, sample: instance.share.length } : { instance };
}
