/**
 * Priority sampling of patterns, for where there are more than a solver takes (N. Duffield, C. Lund, M. Thorup, Priority sampling for
 * estimation of arbitrary subset sums, J. ACM 54(6), 2007). A pattern of w rows has the priority w / h, h in (0, 1) being a hash of
 * it. The `size` largest priorities are kept; with tau the next one, a kept pattern stands for max(w, tau) rows, and every sum over
 * patterns is estimated without bias.
 *
 * h is a function of the pattern, so the sample is one of the patterns and their counts alone. Over tables that share no pattern (key
 * ranges: `pattern-ranges.ts`) thinning is a commutative monoid: thin(merge(thin(a), thin(b))) is thin(merge(a, b)). Over tables that
 * share one it is none: counts of a pattern must be complete before it may be left out.
 */
import { groupOrder, midpoint } from './instance.js';
import { forEachPattern, partition, patternHash } from './pattern-ranges.js';
import { mix, type PatternTable } from './pattern-table.js';
import { patternCount } from './patterns.js';

/** Makes h independent of the key range, which is the top of the same hash. Ours. */
const PRIORITY_SALT = 0x2c1b_3c6d;

/** w / h of each pattern, in the order of `forEachPattern`. */
function priorities(table: PatternTable): Float64Array {
  const priority = new Float64Array(patternCount(table));
  let i = 0;
  forEachPattern(table, (group, utility, count) => {
    const hash = mix(patternHash(table.hashes[group], utility) ^ PRIORITY_SALT) >>> 0;
    priority[i++] = count / ((hash + 0.5) / 2 ** 32);
  });
  return priority;
}

/** The patterns with the `size + 1` largest priorities: those of the sample, and the one whose priority is tau. Counts stay as they are. */
export function thin(table: PatternTable, size: number): PatternTable {
  const count = patternCount(table);
  const wanted = size + 1;
  if (count <= wanted) return table;
  const priority = priorities(table);
  const least = priority.slice().sort()[count - wanted];
  const keep = Uint8Array.from(priority, (p) => (p > least ? 1 : 0));
  const missing = wanted - keep.reduce((sum, kept) => sum + kept, 0);
  for (const i of tied(table, priority, least).slice(0, missing)) keep[i] = 1;
  let i = 0;
  const [kept] = partition(table, 1, () => (keep[i++] === 1 ? 0 : -1));
  return kept!;
}

/** Numbers of the patterns of one priority, ordered by what they are. */
function tied(table: PatternTable, priority: Float64Array, value: number): number[] {
  const rank = new Uint32Array(table.groups);
  groupOrder(table).forEach((group, at) => {
    rank[group] = at;
  });
  const found: { i: number; rank: number; utility: number }[] = [];
  let i = 0;
  forEachPattern(table, (group, utility) => {
    if (priority[i] === value) found.push({ i, rank: rank[group], utility: utility >= 0 ? utility : -1 });
    i++;
  });
  return found.sort((a, b) => a.rank - b.rank || a.utility - b.utility).map((pattern) => pattern.i);
}

export interface Sample {
  /** At most `size` patterns; counts are max(w, tau). */
  readonly table: PatternTable;
  /** 0 where nothing was left out. */
  readonly tau: number;
}

/** The sample of a table, or of what `thin` left of it. */
export function sampled(table: PatternTable, size: number): Sample {
  const thinned = thin(table, size);
  if (patternCount(thinned) <= size) return { table: thinned, tau: 0 };
  const tau = priorities(thinned).reduce((least, p) => Math.min(least, p));
  const sample = thin(thinned, size - 1);
  const { groups, bare, cells, cellCount } = sample;
  // tau is no whole number, counts are: added up apart, they give the same rows in any order of the patterns.
  let exact = 0;
  let raised = 0;
  const standsFor = (count: number) => {
    if (count > tau) exact += count;
    else raised++;
    return Math.max(count, tau);
  };
  for (let g = 0; g < groups; g++) if (bare[g] > 0) bare[g] = standsFor(bare[g]);
  for (let i = 0; i < cells; i++) cellCount[i] = standsFor(cellCount[i]);
  sample.rows = exact + raised * tau;
  return { table: sample, tau };
}

/** Rows by u, for the mean over all patterns when only some are kept: exact, and small at a level whose u has few bits. */
export type UtilityCounts = Map<number, number>;

export function addUtilities(into: UtilityCounts, table: PatternTable): void {
  for (let i = 0; i < table.cells; i++) {
    const u = table.cellUtility[i];
    into.set(u, (into.get(u) ?? 0) + table.cellCount[i]);
  }
}

/** Mean of the utilities, each the middle of those that it stands for at `level`; undefined where there is none. */
export function meanUtility(counts: UtilityCounts, level: number): number | undefined {
  let rows = 0;
  let total = 0;
  for (const [u, count] of [...counts].sort(([a], [b]) => a - b)) {
    rows += count;
    total += count * midpoint(u, level);
  }
  return total > 0 ? total / rows : undefined;
}
