/** What other rates would give. */
import type { RunConfig } from '../schemas/config.js';
import type { Instance } from '../transforms/balance/instance.js';
import type { Problem } from '../transforms/balance/problem.js';
import type { Gathered } from '../transforms/balance/range-files.js';
import { ratePatterns } from '../transforms/balance/rate-patterns.js';
import { biasAtRates, type RateBias } from '../transforms/balance/rates.js';

/** Ten fits of so many patterns take a tenth of a second to a second. */
const MAXIMUM_PATTERNS = 20_000;

export interface OtherRates {
  /** Lowest first; absent where it is not asked for. */
  readonly rates?: readonly RateBias[];
  /** Patterns of the sample that they were computed on; absent where it was all of them. */
  readonly ratesSample?: number;
}

/**
 * Fits what was gathered, of at least one row, at rates up to the largest weight and at `rate`, whichever fit made the duals.
 * `whole`: the instance of all its patterns, where it was made.
 */
export function otherRates(
  { whole, ...gathered }: Gathered & { readonly whole?: Instance | undefined },
  { balance, report }: Pick<RunConfig, 'balance' | 'report'>,
  rate: number,
  problemAt: (rate: number) => Problem,
): OtherRates {
  if (report.rates === 0) return {};
  const { instance, sample } = ratePatterns(gathered, MAXIMUM_PATTERNS, whole);
  const grid = Array.from({ length: report.rates }, (_, i) => (balance.maximum * (i + 1)) / report.rates);
  const problems = [...new Set([...grid, rate])].sort((a, b) => a - b).map(problemAt);
  const rates = biasAtRates(instance, problems, report.minimumSupport);
  return { rates, ...(sample !== undefined && { ratesSample: sample }) };
}
