/** The two hash tables behind the counted patterns: groups (s, y), and cells (a distinct u within a group). Open addressing, no allocation a row. */
/** Mantissa bits of u that each level keeps, by truncation; a float64 has 52. The levels after these drop u, then the patterns. */
export const UTILITY_BITS = [52, 10, 6] as const;

const MINIMUM_SLOTS = 64;

/** Grows by doubling. A group is a distinct (s, y); a cell is a distinct u (a usable number) within a group. */
export interface PatternTable {
  readonly m: number;
  readonly c: number;
  /** Most distinct patterns that are kept. */
  readonly limit: number;
  /** Not coarsened beyond this level, whatever the limit. */
  readonly lastLevel: number;
  level: number;
  rows: number;
  groups: number;
  /** [groups, m] */
  attributes: Uint8Array;
  /** [groups + 1] into labels */
  offsets: Uint32Array;
  labels: Uint16Array;
  /** [groups] of (s, y) */
  hashes: Uint32Array;
  /** [groups] rows without a usable u; from LEVEL_WITHOUT_UTILITY on, all rows */
  bare: Float64Array;
  /** How many groups have bare rows. */
  bareGroups: number;
  groupSlots: Int32Array;
  cells: number;
  /** [cells] */
  cellGroup: Int32Array;
  /** [cells] raw u, truncated to the level's bits */
  cellUtility: Float64Array;
  /** [cells] rows */
  cellCount: Float64Array;
  cellSlots: Int32Array;
  /** [m * 3 * (c + 1)] at LEVEL_OVERFLOWN, else empty */
  counts: Float64Array;
}

/** At this level u is dropped: enough for feasibility and label shares. */
export const LEVEL_WITHOUT_UTILITY = 3;
/** More than `limit` patterns even without u: only counts are left. */
export const LEVEL_OVERFLOWN = 4;

/** The empty table. Tables merge only where m, c and limit agree. */
export function createPatterns(m: number, c: number, limit: number, lastLevel: number = LEVEL_OVERFLOWN): PatternTable {
  return {
    m,
    c,
    limit,
    lastLevel,
    level: 0,
    rows: 0,
    groups: 0,
    attributes: new Uint8Array(16 * m),
    offsets: new Uint32Array(17),
    labels: new Uint16Array(32),
    hashes: new Uint32Array(16),
    bare: new Float64Array(16),
    bareGroups: 0,
    groupSlots: new Int32Array(MINIMUM_SLOTS).fill(-1),
    cells: 0,
    cellGroup: new Int32Array(16),
    cellUtility: new Float64Array(16),
    cellCount: new Float64Array(16),
    cellSlots: new Int32Array(MINIMUM_SLOTS).fill(-1),
    counts: new Float64Array(0),
  };
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
/** Index of the word with the sign and exponent: 1 on little-endian machines. */
float[0] = 1;
const HIGH = words[1] === 0 ? 0 : 1;
const LOW = 1 - HIGH;
/** Of a float64's 52 mantissa bits, the high word holds 20. */
const HIGH_MANTISSA_BITS = 20;

/** u >= 0 with only the level's leading mantissa bits; -0 becomes 0. */
export function truncate(u: number, level: number): number {
  if (level === 0) return u + 0;
  float[0] = u + 0;
  words[LOW] = 0;
  words[HIGH] &= -1 << (HIGH_MANTISSA_BITS - UTILITY_BITS[level]);
  return float[0];
}

/** Murmur3's finaliser: https://github.com/aappleby/smhasher (public domain). */
export function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The number of the group of a pattern, new if need be. */
export function findGroup(
  table: PatternTable,
  s: Uint8Array,
  at: number,
  y: Uint16Array,
  begin: number,
  end: number,
): number {
  const { m } = table;
  let hash = 0;
  for (let k = 0; k < m; k++) hash = Math.imul(hash ^ s[at + k], 0x01000193) ^ (hash >>> 15);
  for (let p = begin; p < end; p++) hash = Math.imul(hash ^ (y[p] + 0x9e3779b9), 0x85ebca6b) ^ (hash >>> 13);
  hash = mix(hash ^ (end - begin)) >>> 0;
  const { groupSlots, hashes, attributes, offsets, labels } = table;
  const mask = groupSlots.length - 1;
  let slot = hash & mask;
  search: for (; groupSlots[slot] >= 0; slot = (slot + 1) & mask) {
    const group = groupSlots[slot];
    if (hashes[group] !== hash) continue;
    const first = offsets[group];
    if (offsets[group + 1] - first !== end - begin) continue;
    for (let k = 0; k < m; k++) if (attributes[group * m + k] !== s[at + k]) continue search;
    for (let p = begin; p < end; p++) if (labels[first + p - begin] !== y[p]) continue search;
    return group;
  }
  const group = table.groups++;
  if (group === table.hashes.length) growGroups(table);
  const first = table.offsets[group];
  if (first + end - begin > table.labels.length) {
    const larger = new Uint16Array(Math.max(2 * table.labels.length, first + end - begin));
    larger.set(table.labels);
    table.labels = larger;
  }
  for (let k = 0; k < m; k++) table.attributes[group * m + k] = s[at + k];
  for (let p = begin; p < end; p++) table.labels[first + p - begin] = y[p];
  table.offsets[group + 1] = first + end - begin;
  table.hashes[group] = hash;
  groupSlots[slot] = group;
  if (2 * table.groups > groupSlots.length) {
    table.groupSlots = new Int32Array(2 * groupSlots.length).fill(-1);
    for (let g = 0; g < table.groups; g++) place(table.groupSlots, table.hashes[g], g);
  }
  return group;
}

function growGroups(table: PatternTable): void {
  const size = 2 * table.hashes.length;
  table.attributes = grown(table.attributes, new Uint8Array(size * table.m));
  table.offsets = grown(table.offsets, new Uint32Array(size + 1));
  table.hashes = grown(table.hashes, new Uint32Array(size));
  table.bare = grown(table.bare, new Float64Array(size));
}

/** uint32 of a group's hash and a u that is a number. */
export function cellHash(groupHash: number, u: number): number {
  float[0] = u;
  return mix(groupHash ^ Math.imul(words[LOW], 0x9e3779b1) ^ mix(words[HIGH])) >>> 0;
}

/** The number of the cell of a group and a truncated u, new if need be. */
export function findCell(table: PatternTable, group: number, u: number): number {
  const { cellSlots, cellGroup, cellUtility } = table;
  const mask = cellSlots.length - 1;
  let slot = cellHash(table.hashes[group], u) & mask;
  for (; cellSlots[slot] >= 0; slot = (slot + 1) & mask) {
    const cell = cellSlots[slot];
    if (cellGroup[cell] === group && cellUtility[cell] === u) return cell;
  }
  const cell = table.cells++;
  if (cell === cellGroup.length) {
    const size = 2 * cell;
    table.cellGroup = grown(cellGroup, new Int32Array(size));
    table.cellUtility = grown(cellUtility, new Float64Array(size));
    table.cellCount = grown(table.cellCount, new Float64Array(size));
  }
  table.cellGroup[cell] = group;
  table.cellUtility[cell] = u;
  cellSlots[slot] = cell;
  if (2 * table.cells > cellSlots.length) {
    table.cellSlots = new Int32Array(2 * cellSlots.length).fill(-1);
    for (let i = 0; i < table.cells; i++)
      place(table.cellSlots, cellHash(table.hashes[table.cellGroup[i]], table.cellUtility[i]), i);
  }
  return cell;
}

function place(slots: Int32Array, hash: number, value: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] >= 0) slot = (slot + 1) & mask;
  slots[slot] = value;
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
