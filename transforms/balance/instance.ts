/** A pattern table in canonical order, as the solvers read it: equal tables give equal instances, bit for bit. */
import { InvariantError } from '../../schemas/errors.js';
import { ATTRIBUTE_VALUES, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { LEVEL_OVERFLOWN, LEVEL_WITHOUT_UTILITY, type PatternTable, UTILITY_BITS } from './patterns.js';

/** Groups share (s, y) and differ in u; the cells of group g are `starts[g] .. starts[g + 1] - 1`. */
export interface Instance {
  readonly m: number;
  readonly c: number;
  readonly rows: number;
  /** One row a group. */
  readonly tags: Tags;
  /** [combinations, m] the values of all attributes that occur together, in the order of the groups. */
  readonly combinations: Uint8Array;
  /** [groups] number of the group's combination. */
  readonly combination: Uint32Array;
  /** [groups + 1] */
  readonly starts: Uint32Array;
  /** [cells] share of all rows; adds up to 1. */
  readonly share: Float64Array;
  /** [cells] u, scaled to mean 1. */
  readonly utility: Float64Array;
  /** The mean of the usable raw utilities by which they were divided; 1 where there are none or all are 0. */
  readonly utilityMean: number;
}

/** Orders the groups of a table by (hash, attributes, labels): [groups] old numbers in their new order. */
export function groupOrder(table: PatternTable): Uint32Array {
  const { groups, hashes, m, attributes, offsets, labels } = table;
  const order = radixSort(
    Uint32Array.from({ length: groups }, (_, i) => i),
    (g) => hashes[g],
  );
  const content = (a: number, b: number) => {
    for (let k = 0; k < m; k++) {
      const difference = attributes[a * m + k] - attributes[b * m + k];
      if (difference !== 0) return difference;
    }
    const shared = Math.min(offsets[a + 1] - offsets[a], offsets[b + 1] - offsets[b]);
    for (let i = 0; i < shared; i++) {
      const difference = labels[offsets[a] + i] - labels[offsets[b] + i];
      if (difference !== 0) return difference;
    }
    return offsets[a + 1] - offsets[a] - (offsets[b + 1] - offsets[b]);
  };
  for (let i = 0; i < groups; ) {
    let j = i + 1;
    while (j < groups && hashes[order[j]] === hashes[order[i]]) j++;
    if (j - i > 1) order.subarray(i, j).sort(content);
    i = j;
  }
  return order;
}

/** Orders the cells of a table by (rank of the group, u): [cells] old numbers in their new order. */
export function cellOrder(table: PatternTable, order: Uint32Array): Uint32Array {
  const rank = new Uint32Array(table.groups);
  for (let i = 0; i < order.length; i++) rank[order[i]] = i;
  const utility = table.cellUtility.slice(0, table.cells);
  const bits = new DataView(utility.buffer);
  for (let i = 0; i < table.cells; i++) bits.setFloat64(8 * i, utility[i], true);
  let cells = Uint32Array.from({ length: table.cells }, (_, i) => i);
  cells = radixSort(cells, (i) => bits.getUint32(8 * i, true));
  cells = radixSort(cells, (i) => bits.getUint32(8 * i + 4, true));
  return radixSort(cells, (i) => rank[table.cellGroup[i]]);
}

/** Values from which on digits of 16 bits are faster than those of 8: below, counting the digits costs more than the passes. Measured. */
const MANY = 2 ** 13;

/** Sorts numbers by a uint32 key, stably, digit by digit. */
function radixSort(values: Uint32Array<ArrayBuffer>, key: (value: number) => number): Uint32Array<ArrayBuffer> {
  const bits = values.length < MANY ? 8 : 16;
  const digits = 2 ** bits;
  let from = values;
  let to = new Uint32Array(values.length);
  for (let shift = 0; shift < 32; shift += bits) {
    const digitOf = (value: number) => (key(value) >>> shift) & (digits - 1);
    const position = new Uint32Array(digits + 1);
    for (let i = 0; i < from.length; i++) position[digitOf(from[i]) + 1]++;
    if (from.length > 0 && position[digitOf(from[0]) + 1] === from.length) continue;
    for (let digit = 0; digit < digits; digit++) position[digit + 1] += position[digit];
    for (let i = 0; i < from.length; i++) to[position[digitOf(from[i])]++] = from[i];
    [from, to] = [to, from];
  }
  return from;
}

/**
 * The instance of a table. `knownMean` is the mean of the usable utilities where the table has only a sample of them. Throws an
 * InvariantError for a table that is empty or has overflown.
 */
export function createInstance(table: PatternTable, knownMean?: number): Instance {
  const { m, c, rows, groups } = table;
  if (rows === 0) throw new InvariantError('no rows to fit');
  if (table.level === LEVEL_OVERFLOWN) throw new InvariantError(`more than ${table.limit} patterns`);
  const order = groupOrder(table);
  const cells = cellOrder(table, order);
  const attributes = new Uint8Array(groups * m);
  const offsets = new Uint32Array(groups + 1);
  const labels = new Uint16Array(table.offsets[groups]);
  const starts = new Uint32Array(groups + 1);
  const share = new Float64Array(table.cells + table.bareGroups);
  const utility = new Float64Array(share.length);
  let cell = 0;
  let out = 0;
  let total = 0;
  let usable = 0;
  order.forEach((group, g) => {
    attributes.set(table.attributes.subarray(group * m, (group + 1) * m), g * m);
    labels.set(table.labels.subarray(table.offsets[group], table.offsets[group + 1]), offsets[g]);
    offsets[g + 1] = offsets[g] + table.offsets[group + 1] - table.offsets[group];
    for (; cell < cells.length && table.cellGroup[cells[cell]] === group; cell++) {
      const count = table.cellCount[cells[cell]];
      utility[out] = midpoint(table.cellUtility[cells[cell]], table.level);
      share[out] = count / rows;
      total += count * utility[out++];
      usable += count;
    }
    if (table.bare[group] > 0) {
      utility[out] = Number.NaN;
      share[out++] = table.bare[group] / rows;
    }
    starts[g + 1] = out;
  });
  const utilityMean = total > 0 ? (knownMean ?? total / usable) : 1;
  for (let i = 0; i < out; i++) utility[i] = total > 0 && utility[i] >= 0 ? utility[i] / utilityMean : 1;
  const tags = { rows: groups, attributes, offsets, labels };
  return { m, c, rows, tags, ...combine(attributes, m), starts, share, utility, utilityMean };
}

/** Numbers the rows of [rows, m] attribute values by their content, as they first occur: a trie whose leaves are the numbers. */
function combine(attributes: Uint8Array, m: number): Pick<Instance, 'combinations' | 'combination'> {
  const combination = new Uint32Array(attributes.length / m);
  const combinations: number[] = [];
  const width = attributes.some((s) => s > UNKNOWN) ? ATTRIBUTE_VALUES : UNKNOWN + 1;
  const none: readonly number[] = new Array(width).fill(-1);
  const children = [...none];
  for (let g = 0; g < combination.length; g++) {
    let next = 0;
    for (let k = 0; k < m; k++) {
      const at = width * next + attributes[g * m + k];
      next = children[at];
      if (next >= 0) continue;
      const leaf = k === m - 1;
      next = children[at] = leaf ? combinations.length / m : children.length / width;
      if (leaf) combinations.push(...attributes.subarray(g * m, (g + 1) * m));
      else children.push(...none);
    }
    combination[g] = next;
  }
  return { combinations: Uint8Array.from(combinations), combination };
}

/** The same patterns without u: one cell a group. */
export function withoutUtility(instance: Instance): Instance {
  const groups = instance.tags.rows;
  const share = new Float64Array(groups);
  for (let g = 0; g < groups; g++)
    for (let i = instance.starts[g]; i < instance.starts[g + 1]; i++) share[g] += instance.share[i];
  const starts = Uint32Array.from({ length: groups + 1 }, (_, i) => i);
  return { ...instance, starts, share, utility: new Float64Array(groups).fill(1), utilityMean: 1 };
}

/** The middle of the values that truncate to u at a level; u itself at level 0. */
export function midpoint(u: number, level: number): number {
  if (level === 0 || level >= LEVEL_WITHOUT_UTILITY || u === 0) return u;
  return u + 2 ** (Math.floor(Math.log2(u)) - UTILITY_BITS[level] - 1);
}
