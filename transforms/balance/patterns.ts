/**
 * How often each distinct pattern (s, y, u) occurs. The table depends only on the rows it has seen, never on their order or on how
 * they were split: a commutative monoid. u is coarsened, level by level, where there are too many patterns; as the number of
 * patterns at a level only grows with the data and each level is a function of the one before, the final level does not depend on order either.
 */
import { InvariantError } from '../../schemas/errors.js';
import type { Tags } from '../../schemas/tags.js';
import { PROBABILITY, UNKNOWN } from '../../schemas/tags.js';
import { addSums } from './moments.js';
import {
  createPatterns,
  findCell,
  findGroup,
  LEVEL_OVERFLOWN,
  LEVEL_WITHOUT_UTILITY,
  type PatternTable,
  truncate,
} from './pattern-table.js';
import type { TagCounts } from './problem.js';

export {
  createPatterns,
  LEVEL_OVERFLOWN,
  LEVEL_WITHOUT_UTILITY,
  type PatternTable,
  UTILITY_BITS,
} from './pattern-table.js';

/** Distinct patterns at the table's level; 0 once it has overflown. */
export function patternCount(table: PatternTable): number {
  return table.cells + table.bareGroups;
}

/**
 * Adds a batch. `utility` is the raw column [rows]; a null (NaN), negative or infinite u says nothing and is counted as "no u", which
 * the fit reads as the mean; so is every row where there is no utility column. Throws an InvariantError for a label number of c or more.
 */
export function addPatterns(table: PatternTable, tags: Tags, utility?: Float64Array): void {
  const { rows, attributes, offsets, labels } = tags;
  const { m, c } = table;
  for (let p = offsets[0]; p < offsets[rows]; p++)
    if (labels[p] >= c) throw new InvariantError(`label ${labels[p]} of ${c}`);
  for (let i = 0; i < rows; i++) {
    if (table.level === LEVEL_OVERFLOWN) {
      addCounts(table, attributes, i * m, labels, offsets[i], offsets[i + 1], 1);
    } else {
      const group = findGroup(table, attributes, i * m, labels, offsets[i], offsets[i + 1]);
      addToGroup(table, group, utility === undefined ? Number.NaN : utility[i], 1);
    }
    table.rows++;
  }
}

/** Adds `from` to `into`; `from` is left as it was. Throws an InvariantError where m, c or limit differ. */
export function mergePatterns(into: PatternTable, from: PatternTable): void {
  const { m } = into;
  if (m !== from.m || into.c !== from.c || into.limit !== from.limit)
    throw new InvariantError(`pattern tables of different shape: ${shape(into)} and ${shape(from)}`);
  while (into.level < from.level) coarsen(into);
  into.rows += from.rows;
  if (from.level === LEVEL_OVERFLOWN) {
    for (let i = 0; i < from.counts.length; i++) into.counts[i] += from.counts[i];
    return;
  }
  const mapped = new Int32Array(from.groups).fill(-1);
  const add = (group: number, u: number, count: number) => {
    if (into.level === LEVEL_OVERFLOWN)
      return addCounts(
        into,
        from.attributes,
        group * m,
        from.labels,
        from.offsets[group],
        from.offsets[group + 1],
        count,
      );
    if (mapped[group] < 0)
      mapped[group] = findGroup(
        into,
        from.attributes,
        group * m,
        from.labels,
        from.offsets[group],
        from.offsets[group + 1],
      );
    addToGroup(into, mapped[group], u, count);
  };
  for (let group = 0; group < from.groups; group++) if (from.bare[group] > 0) add(group, Number.NaN, from.bare[group]);
  for (let cell = 0; cell < from.cells; cell++) add(from.cellGroup[cell], from.cellUtility[cell], from.cellCount[cell]);
}

/** Exact counts of attributes and labels, at any level. */
export function patternCounts(table: PatternTable): TagCounts {
  if (table.level === LEVEL_OVERFLOWN) return { rows: table.rows, counts: table.counts.slice() };
  const copy = { ...table, counts: new Float64Array(table.m * 3 * (table.c + 1)) };
  countGroups(copy);
  return { rows: table.rows, counts: copy.counts };
}

function shape({ m, c, limit }: PatternTable): string {
  return `m ${m}, c ${c}, limit ${limit}`;
}

/** Adds rows to a group of the table, coarsening it where it then has too many patterns. `rows` of the table is the caller's. */
export function addToGroup(table: PatternTable, group: number, rawUtility: number, count: number): void {
  const usable = rawUtility >= 0 && rawUtility < Number.POSITIVE_INFINITY && table.level < LEVEL_WITHOUT_UTILITY;
  if (usable) {
    const cell = findCell(table, group, truncate(rawUtility, table.level));
    table.cellCount[cell] += count;
  } else {
    if (table.bare[group] === 0) table.bareGroups++;
    table.bare[group] += count;
  }
  while (table.level < table.lastLevel && table.cells + table.bareGroups > table.limit) coarsen(table);
}

/** Moves to the next level. */
function coarsen(table: PatternTable): void {
  table.level++;
  if (table.level === LEVEL_OVERFLOWN) {
    table.counts = new Float64Array(table.m * 3 * (table.c + 1));
    countGroups(table);
    const { level, rows, counts } = table;
    Object.assign(table, createPatterns(table.m, table.c, table.limit), { level, rows, counts });
    return;
  }
  const { cells, cellGroup, cellUtility, cellCount } = table;
  table.cells = 0;
  table.cellGroup = new Int32Array(cellGroup.length);
  table.cellUtility = new Float64Array(cellGroup.length);
  table.cellCount = new Float64Array(cellGroup.length);
  table.cellSlots = new Int32Array(table.cellSlots.length).fill(-1);
  for (let cell = 0; cell < cells; cell++) {
    const group = cellGroup[cell];
    if (table.level < LEVEL_WITHOUT_UTILITY) {
      const coarse = findCell(table, group, truncate(cellUtility[cell], table.level));
      table.cellCount[coarse] += cellCount[cell];
    } else {
      if (table.bare[group] === 0) table.bareGroups++;
      table.bare[group] += cellCount[cell];
    }
  }
}

function countGroups(table: PatternTable): void {
  const count = table.bare.slice(0, table.groups);
  for (let cell = 0; cell < table.cells; cell++) count[table.cellGroup[cell]] += table.cellCount[cell];
  for (let g = 0; g < table.groups; g++)
    addCounts(table, table.attributes, g * table.m, table.labels, table.offsets[g], table.offsets[g + 1], count[g]);
}

/** A p is a multiple of 1/64, so that the sums are exact in any order. */
function addCounts(
  { m, c, counts }: PatternTable,
  s: Uint8Array,
  at: number,
  y: Uint16Array,
  begin: number,
  end: number,
  count: number,
): void {
  for (let k = 0; k < m; k++) {
    const base = k * 3 * (c + 1);
    const value = s[at + k];
    if (value > UNKNOWN) {
      addSums(counts, base, count * (1 - PROBABILITY[value]), y, begin, end);
      addSums(counts, base + c + 1, count * PROBABILITY[value], y, begin, end);
    } else addSums(counts, base + value * (c + 1), count, y, begin, end);
  }
}
