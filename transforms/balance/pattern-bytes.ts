/** A pattern table as bytes: canonical, so that equal tables have equal bytes, and bounded on the way in. */
import { InputError } from '../../schemas/errors.js';
import { ATTRIBUTE_VALUES, MAXIMUM_LABELS } from '../../schemas/tags.js';
import { cellOrder, groupOrder } from './instance.js';
import { createPatterns, LEVEL_OVERFLOWN, mergePatterns, type PatternTable } from './patterns.js';

/** 'M4P1' */
const MAGIC = 0x4d345031;
const HEADER_BYTES = 48;

/**
 * Little-endian. Header: magic, m, c, level (uint32 each), limit, rows (float64), groups, cells, labels, 0 (uint32). Then float64
 * bare [groups], cell utility [cells], cell count [cells], counts [m * 3 * (c + 1) or 0]; uint32 cell group [cells], end of labels
 * [groups]; uint16 labels; uint8 attributes [groups, m].
 */
export function encodePatterns(table: PatternTable): Uint8Array {
  const { m, c, groups, cells } = table;
  const order = groupOrder(table);
  const sorted = cellOrder(table, order);
  const labels = table.offsets[groups];
  const bytes = new Uint8Array(size(m, groups, cells, labels, table.counts.length));
  const view = new DataView(bytes.buffer);
  for (const [i, value] of [MAGIC, m, c, table.level].entries()) view.setUint32(4 * i, value, true);
  view.setFloat64(16, table.limit, true);
  view.setFloat64(24, table.rows, true);
  for (const [i, value] of [groups, cells, labels].entries()) view.setUint32(32 + 4 * i, value, true);
  let at = HEADER_BYTES;
  const doubles = (length: number, value: (i: number) => number) => {
    for (let i = 0; i < length; i++, at += 8) view.setFloat64(at, value(i), true);
  };
  doubles(groups, (g) => table.bare[order[g]]);
  doubles(cells, (i) => table.cellUtility[sorted[i]]);
  doubles(cells, (i) => table.cellCount[sorted[i]]);
  doubles(table.counts.length, (i) => table.counts[i]);
  const rank = new Uint32Array(groups);
  order.forEach((group, g) => {
    rank[group] = g;
  });
  for (let i = 0; i < cells; i++, at += 4) view.setUint32(at, rank[table.cellGroup[sorted[i]]], true);
  let end = 0;
  for (const group of order) {
    end += table.offsets[group + 1] - table.offsets[group];
    view.setUint32(at, end, true);
    at += 4;
  }
  for (const group of order)
    for (let p = table.offsets[group]; p < table.offsets[group + 1]; p++, at += 2)
      view.setUint16(at, table.labels[p], true);
  for (const group of order) {
    bytes.set(table.attributes.subarray(group * m, (group + 1) * m), at);
    at += m;
  }
  return bytes;
}

/** The table of bytes. Throws an InputError for bytes that are not a pattern table: wrong lengths, numbers out of range. */
export function decodePatterns(bytes: Uint8Array): PatternTable {
  const flat = readPatterns(bytes);
  const { m, c, limit, level, rows, counts, groups, cells } = flat;
  const table = createPatterns(m, c, limit);
  Object.assign(table, { level, counts });
  if (level === LEVEL_OVERFLOWN) {
    table.rows = rows;
    return table;
  }
  // Merging a table without slots into an empty one builds the slots and checks the counts.
  mergePatterns(table, flat);
  check(
    table.level === level && table.groups === groups && table.cells === cells,
    'distinct patterns',
    'repeated ones',
  );
  return table;
}

/** The table of bytes without hashes and slots: to be merged into another, as the second argument of `mergePatterns`. Throws as decodePatterns. */
export function readPatterns(bytes: Uint8Array): PatternTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  check(bytes.length >= HEADER_BYTES && view.getUint32(0, true) === MAGIC, 'its header', `${bytes.length} other bytes`);
  const [m, c, level] = [4, 8, 12].map((i) => view.getUint32(i, true));
  const [limit, rows] = [16, 24].map((i) => view.getFloat64(i, true));
  const [groups, cells, labels] = [32, 36, 40].map((i) => view.getUint32(i, true));
  check(
    m >= 1 && m <= 65_535 && c <= MAXIMUM_LABELS && level <= LEVEL_OVERFLOWN,
    'm, c and level in range',
    `${m}, ${c}, ${level}`,
  );
  const counts = level === LEVEL_OVERFLOWN ? m * 3 * (c + 1) : 0;
  const wanted = size(m, groups, cells, labels, counts);
  check(wanted === bytes.length, `${wanted} bytes`, `${bytes.length}`);
  let at = HEADER_BYTES;
  const doubles = (length: number) => {
    const values = Float64Array.from({ length }, (_, i) => view.getFloat64(at + 8 * i, true));
    at += 8 * length;
    return values;
  };
  const integers = (length: number) => {
    const values = Uint32Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, true));
    at += 4 * length;
    return values;
  };
  const bare = doubles(groups);
  const cellUtility = doubles(cells);
  const cellCount = doubles(cells);
  const table = createPatterns(m, c, limit);
  table.counts = doubles(counts);
  table.level = level;
  const cellGroup = integers(cells);
  const offsets = new Uint32Array(groups + 1);
  offsets.set(integers(groups), 1);
  const label = Uint16Array.from({ length: labels }, (_, i) => view.getUint16(at + 2 * i, true));
  at += 2 * labels;
  const attributes = bytes.slice(at);
  check(
    offsets[groups] === labels && offsets.every((end, g) => g === 0 || end >= offsets[g - 1]),
    'ascending ends',
    'others',
  );
  check(
    label.every((y) => y < c) && attributes.every((s) => s < ATTRIBUTE_VALUES) && cellGroup.every((g) => g < groups),
    'labels, attributes and groups in range',
    'others',
  );
  const sum = (values: Float64Array) => values.reduce((total, count) => (count >= 0 ? total + count : Number.NaN), 0);
  const total = sum(bare) + sum(cellCount);
  check(level === LEVEL_OVERFLOWN || total === rows, `${rows} rows`, `${total}`);
  const cellGroups = Int32Array.from(cellGroup);
  return {
    ...table,
    ...{ rows, groups, cells, bare, offsets, attributes, labels: label, cellGroup: cellGroups, cellUtility, cellCount },
  };
}

function size(m: number, groups: number, cells: number, labels: number, counts: number): number {
  return HEADER_BYTES + 8 * (groups + 2 * cells + counts) + 4 * (cells + groups) + 2 * labels + m * groups;
}

function check(holds: boolean, expected: string, got: string): void {
  if (!holds) throw new InputError('Bytes of a pattern table', { expected, got });
}
