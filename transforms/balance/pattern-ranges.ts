/**
 * Patterns by key range: a pattern's range is a hash of (s, y, u), with u as coarse as the coarsest level that keeps it. So patterns
 * that become one as u is coarsened are in one range, distinct patterns of different ranges stay distinct, and a range's counts are
 * complete once all its parts have come together, whoever counted them.
 */
import { cellHash, createPatterns, findGroup, mix, type PatternTable, truncate } from './pattern-table.js';
import { addToGroup } from './patterns.js';

/** The last level with u. */
export const COARSEST_UTILITY = 2;

/** uint32 of a pattern as it is at COARSEST_UTILITY; u is NaN where it says nothing. */
export function patternHash(groupHash: number, u: number): number {
  return u >= 0 ? cellHash(groupHash, truncate(u, COARSEST_UTILITY)) : mix(groupHash ^ NO_UTILITY) >>> 0;
}

/** Ours; stands for the bits of a u. */
const NO_UTILITY = 0x5bd1_e995;

/** Calls `visit` with each pattern: its group, u (NaN where it says nothing), rows. */
export function forEachPattern(
  table: PatternTable,
  visit: (group: number, utility: number, count: number) => void,
): void {
  for (let group = 0; group < table.groups; group++)
    if (table.bare[group] > 0) visit(group, Number.NaN, table.bare[group]);
  for (let cell = 0; cell < table.cells; cell++)
    visit(table.cellGroup[cell], table.cellUtility[cell], table.cellCount[cell]);
}

/** Cuts a table into `parts` tables of its level, without limit, by `partOf` each pattern (-1: none). A part without patterns is undefined. */
export function partition(
  table: PatternTable,
  parts: number,
  partOf: (group: number, utility: number, count: number) => number,
): (PatternTable | undefined)[] {
  const { m, attributes, offsets, labels, level } = table;
  const tables: (PatternTable | undefined)[] = new Array(parts).fill(undefined);
  forEachPattern(table, (group, utility, count) => {
    const part = partOf(group, utility, count);
    if (part < 0) return;
    let into = tables[part];
    if (into === undefined) {
      into = createPatterns(m, table.c, Number.POSITIVE_INFINITY);
      into.level = level;
      tables[part] = into;
    }
    const to = findGroup(into, attributes, group * m, labels, offsets[group], offsets[group + 1]);
    addToGroup(into, to, utility, count);
    into.rows += count;
  });
  return tables;
}
