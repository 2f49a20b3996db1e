/** Moments by slice: those of rows that a filter dropped, of rows that passed, and of the latter weighted, in blocks of a ValueTable. */
import { type ExactSums, toUnits, UNITS_PER_ONE } from '../../schemas/exact-sum.js';
import { EVERY, type Moments } from '../../schemas/moments.js';
import { type Tags, UNKNOWN } from '../../schemas/tags.js';
import { emptyMoments, unitSums, widthOf } from './moments.js';
import { ValueTable } from './value-table.js';

const RADIX = 2 ** 52;
/** Groups of 2 m + 1 cells in a block: counts of dropped and of kept rows; then, weighted, counts, and hi and lo of both sums. */
const COUNTS = 2;
const WEIGHTED = 5;
const DROPPED = 0;
const KEPT = 1;

/** Adds a whole number of units, not negative, to a sum of which lo is `group` cells behind hi; keeps 0 <= lo < 2^52. */
function addUnits(cells: Float64Array, hi: number, group: number, units: number): void {
  const high = Math.floor(units / RADIX);
  const low = cells[hi + group] + (units - high * RADIX);
  const over = low >= RADIX ? 1 : 0;
  cells[hi] += high + over;
  cells[hi + group] = low - over * RADIX;
}

/** A table for moments of m attributes. Block 0 is about all examples, block r + 1 about those with label r. */
export function createSliceTable(attributes: number, weighted: boolean, limit: number): ValueTable {
  const group = 2 * attributes + 1;
  const carry = (cells: Float64Array, at: number) => {
    for (const sum of [COUNTS + 1, COUNTS + 3]) {
      for (let i = 0; i < group; i++) {
        const hi = at + sum * group + i;
        const over = Math.floor(cells[hi + group] / RADIX);
        cells[hi] += over;
        cells[hi + group] -= over * RADIX;
      }
    }
  };
  return weighted ? new ValueTable(limit, (COUNTS + WEIGHTED) * group, carry) : new ValueTable(limit, COUNTS * group);
}

/** What of a batch is added: its rows' tags, levels, filters' codes (0: passed) and, where there are any, weights. */
export interface SlicedRows {
  readonly tags: Tags;
  /** [rows] */
  readonly levels: Uint8Array;
  /** [rows] */
  readonly drop: Uint8Array;
  /** [rows] multiples of 2^-30, 0 for rows without weight. */
  readonly weights?: Float64Array | undefined;
}

/** Adds one row, which has its value in `bytes[start .. end)`; no bytes: it has none. */
export function addToSlice(
  table: ValueTable,
  rows: SlicedRows,
  row: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { tags, levels, drop, weights } = rows;
  const slot = table.slot(bytes, start, end, levels[row]);
  if (slot < 0) return;
  const m = tags.rows === 0 ? 0 : tags.attributes.length / tags.rows;
  const group = 2 * m + 1;
  const q = drop[row] === 0 ? (weights?.[row] ?? 0) : 0;
  const units = q * UNITS_PER_ONE;
  const squareUnits = toUnits(q * q);
  const counted = (drop[row] === 0 ? KEPT : DROPPED) * group;
  for (let j = tags.offsets[row] - 1; j < tags.offsets[row + 1]; j++) {
    const block = table.block(slot, j < tags.offsets[row] ? 0 : tags.labels[j] + 1);
    const { cells } = table;
    for (let k = -1; k < m; k++) {
      const s = k < 0 ? 0 : tags.attributes[row * m + k];
      if (s >= UNKNOWN) continue;
      const column = k < 0 ? EVERY : 1 + 2 * k + s;
      cells[block + counted + column]++;
      if (q === 0) continue;
      const weighted = block + COUNTS * group + column;
      cells[weighted]++;
      addUnits(cells, weighted + group, group, units);
      addUnits(cells, weighted + 3 * group, group, squareUnits);
    }
  }
}

/** Moments of one slice, or of several of which `addSlice` is called. */
export interface SliceMoments {
  readonly dropped: Moments;
  readonly kept: Moments;
  /** null where the table has no weights. */
  readonly weighted: Moments | null;
}

export function emptySlice(attributes: number, labels: number, weighted: boolean): SliceMoments {
  const empty = () => emptyMoments(attributes, labels);
  return { dropped: empty(), kept: empty(), weighted: weighted ? empty() : null };
}

function tableOf(moments: Moments): Float64Array {
  moments.support ??= new Float64Array((moments.labels + 1) * widthOf(moments));
  return moments.support;
}

/** The sums of q and of q^2. */
function sumsOf(moments: Moments): ExactSums[] {
  const support = tableOf(moments);
  moments.weighted ??= { weights: unitSums(support), squares: unitSums(support) };
  return [moments.weighted.weights, moments.weighted.squares];
}

/** Adds the blocks of a value (ValueTable.sums) to moments. */
export function addSlice(into: SliceMoments, blocks: ReadonlyMap<number, Float64Array>): void {
  const group = widthOf(into.kept);
  const [dropped, kept] = [tableOf(into.dropped), tableOf(into.kept)];
  const support = into.weighted === null ? null : tableOf(into.weighted);
  const sums = into.weighted === null ? [] : sumsOf(into.weighted);
  for (const [number, cells] of blocks) {
    for (let i = 0; i < group; i++) {
      const at = number * group + i;
      dropped[at] += cells[DROPPED * group + i];
      kept[at] += cells[KEPT * group + i];
      if (support === null) continue;
      support[at] += cells[COUNTS * group + i];
      sums.forEach(({ hi, lo }, s) => {
        const from = (COUNTS + 1 + 2 * s) * group + i;
        const low = lo[at] + cells[from + group];
        const over = low >= RADIX ? 1 : 0;
        hi[at] += cells[from] + over;
        lo[at] = low - over * RADIX;
      });
    }
  }
}
