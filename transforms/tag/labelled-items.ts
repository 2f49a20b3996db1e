/** Labels of the lists of a batch, counted without making its rows. */
import type { LabelCounter } from '../../schemas/tags.js';

/** Items of a batch's lists, with the label of each. */
export interface LabelledItems {
  /** Of row i: the items `offsets[i] .. offsets[i + 1] - 1`, less `first`. */
  readonly offsets: Int32Array;
  readonly first: number;
  /** A number of each item, of a string or in the dictionary; NONE where the item, or its list, is null. */
  readonly codes: Uint8Array | Uint16Array | Int32Array;
  /** The label of number n at n + 1, or NONE. */
  readonly labels: Int32Array;
}

export const NONE = -1;

/** The numbers without those of items that are null, and of lists that are. */
export function withoutNulls(
  codes: LabelledItems['codes'],
  { valid, itemsValid }: { readonly valid?: Uint8Array | undefined; readonly itemsValid?: Uint8Array | undefined },
  offsets: Int32Array,
  first: number,
): LabelledItems['codes'] {
  if (valid === undefined && itemsValid === undefined) return codes;
  const known = Int32Array.from(codes);
  if (itemsValid !== undefined) for (let i = 0; i < known.length; i++) if (itemsValid[i] === 0) known[i] = NONE;
  if (valid !== undefined) {
    for (let row = 0; row < valid.length; row++) {
      if (valid[row] === 0) known.fill(NONE, offsets[row]! - first, offsets[row + 1]! - first);
    }
  }
  return known;
}

/** Memory of the last batch, used again. */
let spare = new Int32Array(0);

/** [items] 1 + the row of each list's first item, 0 elsewhere. */
function firstItems({ offsets, first }: LabelledItems, rows: number): Int32Array {
  const items = offsets[rows]! - first;
  if (spare.length <= items) spare = new Int32Array(2 * items + 1);
  else spare.fill(0, 0, items);
  // A row without items writes where the next one does; the last ones write behind all items.
  for (let row = 0; row < rows; row++) spare[offsets[row]! - first] = row + 1;
  return spare;
}

/**
 * How the labels of lists are counted; one that a list has twice counts once. Items are gone through without their lists, whose ends no processor
 * foresees. Where there are fewer numbers than items they are counted instead of labels, which are then looked up once each: together three times as fast.
 */
export function itemCounter(items: LabelledItems, rows: number): LabelCounter {
  const { offsets, first, labels } = items;
  const count = offsets[rows]! - first;
  return (code, blocks, counts) => {
    const codes = counts.length / blocks;
    const distinct = areDistinct(labels);
    if (distinct && codes * labels.length <= count)
      countNumbers(items, count, firstItems(items, rows), code, blocks, counts);
    else countLabels(items, count, firstItems(items, rows), code, blocks, counts);
  };
}

/** Whether no two numbers have the same label. */
function areDistinct(labels: Int32Array): boolean {
  const some = labels.filter((label) => label >= 0);
  return new Set(some).size === some.length;
}

type Counted = Parameters<LabelCounter>;

function countLabels(
  { codes, labels }: LabelledItems,
  count: number,
  begins: Int32Array,
  ...[code, blocks, counts]: Counted
) {
  /** [labels] 1 + the last row that had it. */
  const had = new Int32Array(blocks);
  let row = 0;
  for (let item = 0; item < count; item++) {
    const begun = begins[item]!;
    // The row that begins here, or else the one that is open.
    row = (row & ((begun - 1) >> 31)) | begun;
    const label = labels[codes[item]! + 1]!;
    if (label < 0 || had[label] === row) continue;
    had[label] = row;
    counts[code[row - 1]! * blocks + 1 + label]!++;
  }
}

/** Of numbers that have a label each. */
function countNumbers(
  { codes, labels }: LabelledItems,
  count: number,
  begins: Int32Array,
  ...[code, blocks, counts]: Counted
) {
  const width = labels.length;
  const found = new Uint32Array((counts.length / blocks) * width);
  const had = new Int32Array(width);
  let row = 0;
  for (let item = 0; item < count; item++) {
    const begun = begins[item]!;
    row = (row & ((begun - 1) >> 31)) | begun;
    const number = codes[item]! + 1;
    const more = had[number] === row ? 0 : 1;
    had[number] = row;
    found[code[row - 1]! * width + number]! += more;
  }
  for (let at = 0, base = 1; at < found.length; at += width, base += blocks) {
    for (let n = 0; n < width; n++) if (labels[n]! >= 0) counts[base + labels[n]!]! += found[at + n]!;
  }
}
