/** Strings, and lists of strings, that have a dictionary in a Parquet file: what parquet-packed.ts says of booleans holds here too. */
import { isUtf8 } from 'node:buffer';
import { type Take, takeArray } from './arena.js';
import { packBits } from './bits.js';
import { readHybrid } from './parquet-hybrid.js';
import { type Depth, levels, levelsFor, type PackedChunk } from './parquet-packed.js';
import { ENCODING, type PageParts, partsOf, uncompressed } from './parquet-page-parts.js';
import type { Page } from './parquet-pages.js';

/** Numbers as wide as those of the dictionary need. */
export type Codes = Uint8Array | Uint16Array | Int32Array;

function codesFor(size: number, count: number, take: Take): Codes {
  return takeArray<Codes>(take, size <= 2 ** 8 ? Uint8Array : size <= 2 ** 16 ? Uint16Array : Int32Array, count);
}

/** Strings, or lists of them, by their numbers in a dictionary. */
export interface PackedStrings {
  /** Of a flat column [rows], of a list [items]; any number in the dictionary, or 0, where null. */
  readonly codes: Codes;
  /** UTF-8 (checked): value n is `bytes[offsets[n] .. offsets[n + 1])`. */
  readonly dictionary: { readonly bytes: Uint8Array; readonly offsets: Int32Array };
  /** Bits [rows]; left out where no row is null. */
  readonly validity?: Uint8Array;
  /** Of a list. */
  readonly lists?: {
    /** [rows + 1] */
    readonly offsets: Int32Array;
    /** Bits [items]; left out where no item is null. */
    readonly validity?: Uint8Array;
  };
}

function countOf(values: Uint8Array, count: number, wanted: number): number {
  let n = 0;
  for (let i = 0; i < count; i++) if (values[i] === wanted) n++;
  return n;
}

/** The strings of a dictionary page: each its length in 4 bytes, then its bytes. */
function dictionaryOf(page: Page, codec: string): PackedStrings['dictionary'] | undefined {
  const encoding = page.header.get(2);
  if (encoding !== ENCODING.plain && encoding !== ENCODING.plainDictionary) return undefined;
  const from = uncompressed(codec, page.bytes, page.uncompressedBytes);
  if (from === undefined || !(page.values >= 0 && page.values <= from.length / 4)) return undefined;
  const view = new DataView(from.buffer, from.byteOffset, from.length);
  const bytes = new Uint8Array(from.length - 4 * page.values);
  const offsets = new Int32Array(page.values + 1);
  let at = 0;
  for (let n = 0; n < page.values; n++) {
    if (from.length - at < 4) return undefined;
    const length = view.getUint32(at, true);
    at += 4;
    if (length > from.length - at || length > bytes.length - offsets[n]!) return undefined;
    const value = from.subarray(at, at + length);
    if (!isUtf8(value)) return undefined;
    bytes.set(value, offsets[n]);
    offsets[n + 1] = offsets[n]! + length;
    at += length;
  }
  return at === from.length ? { bytes, offsets } : undefined;
}

/** The dictionary's numbers of a page, `count` of them, into `codes` from `to` on. */
function readCodes({ encoding, values }: PageParts, size: number, codes: Codes, to: number, count: number): boolean {
  if (encoding !== ENCODING.rleDictionary && encoding !== ENCODING.plainDictionary) return false;
  if (count === 0) return true;
  const width = values.start < values.end ? values.bytes[values.start]! : -1;
  if (!readHybrid(values.bytes, values.start + 1, values.end, width, codes, to, to + count)) return false;
  let largest = 0;
  for (let i = to; i < to + count; i++) largest = Math.max(largest, codes[i]!);
  return largest < size;
}

/** What a definition level says, as bits: there is an item, it is null, the row is null, or there is no such level. */
const SAYS = { item: 1, nullItem: 2, nullRow: 4, wrong: 8 };

/** [4] by definition level. */
function meanings({ optional, items }: Depth): { readonly of: Int32Array; readonly highest: number } {
  const of = new Int32Array(4).fill(SAYS.wrong);
  let level = 0;
  if (optional) of[level++] = items === undefined ? SAYS.item | SAYS.nullItem | SAYS.nullRow : SAYS.nullRow;
  if (items !== undefined) {
    of[level++] = 0;
    if (items.optional) of[level++] = SAYS.item | SAYS.nullItem;
  }
  of[level] = SAYS.item;
  return { of, highest: level };
}

/** A column of strings, or of lists of strings, every page of which has numbers of one dictionary, in memory that `take` gives. */
export function packedStrings(chunk: PackedChunk, depth: Depth, take: Take): PackedStrings | undefined {
  const { rows, values: entries, codec, pages } = chunk;
  const [first, ...data] = pages;
  if (first?.kind !== 'dictionary') return undefined;
  const dictionary = dictionaryOf(first, codec);
  if (dictionary === undefined) return undefined;
  const size = dictionary.offsets.length - 1;
  const repeated = depth.items !== undefined;
  const { of, highest } = meanings(depth);
  const width = 32 - Math.clz32(highest);
  const codes = codesFor(size, entries, take);
  const offsets = offsetsFor(rows, take);
  /** [entries] flags, made when something is null. */
  let nullRows: Uint8Array | undefined;
  let nullItems: Uint8Array | undefined;
  const at: Place = { row: -1, item: 0, open: 0 };
  for (const page of data) {
    const count = page.values;
    const parts = partsOf(page, codec, repeated, highest > 0);
    if (parts === undefined) return undefined;
    const definition = highest === 0 ? levelsFor(count, 0).fill(0) : levels(parts.definition, width, count, 0);
    const repetition = repeated ? levels(parts.repetition, 1, count, 1) : levelsFor(count, 1).fill(0);
    if (definition === undefined || repetition === undefined) return undefined;
    const before = { ...at };
    const said = walk(of, definition, repetition, count, offsets, at);
    if ((said & SAYS.wrong) !== 0 || at.row >= rows) return undefined;
    // A page of version 2 begins with a row; in older ones a list may go on from the page before.
    if (parts.rows !== undefined && (parts.rows !== at.row - before.row || repetition[0] === 1)) return undefined;
    const items = at.item - before.item;
    const valued = (said & SAYS.nullItem) === 0 ? items : countOf(definition, count, highest);
    if ((parts.valued ?? valued) !== valued) return undefined;
    if (!readCodes(parts, size, codes, before.item, valued)) return undefined;
    if (valued < items) {
      nullItems ??= new Uint8Array(entries);
      spread(codes, nullItems, definition, of, before.item, { count, items, valued });
    }
    if ((said & SAYS.nullRow) !== 0) {
      nullRows ??= new Uint8Array(rows);
      for (let i = 0, { row } = before; i < count; i++) {
        row += 1 - repetition[i]!;
        if ((of[definition[i]!]! & SAYS.nullRow) !== 0) nullRows[row] = 1;
      }
    }
  }
  const { row, item } = at;
  if (row !== rows - 1) return undefined;
  const validity = nullRows && invertedBits(nullRows, rows);
  const common = { codes: codes.subarray(0, item), dictionary, ...(validity && { validity }) };
  if (!repeated) return common;
  const itemValidity = nullItems && invertedBits(nullItems, item);
  return { ...common, lists: { offsets, ...(itemValidity && { validity: itemValidity }) } };
}

/** The row and item after the last entry. */
interface Place {
  /** The row that is open. */
  row: number;
  item: number;
  /** Whether that entry was an item: only then may another one follow it in its list. */
  open: number;
}

/** Goes through the levels of a page: where each list ends into `offsets`, and all that its levels say. A function of its own, so that an engine compiles it at once. */
function walk(
  of: Int32Array,
  definition: Uint8Array,
  repetition: Uint8Array,
  count: number,
  offsets: Int32Array,
  at: Place,
): number {
  let { row, item, open } = at;
  let wrong = 0;
  let said = 0;
  for (let i = 0; i < count; i++) {
    const says = of[definition[i]!]!;
    const same = repetition[i]!;
    const isItem = says & SAYS.item;
    wrong |= same & ~(isItem & open);
    open = isItem;
    said |= says;
    row += 1 - same;
    item += isItem;
    offsets[row + 1] = item;
  }
  Object.assign(at, { row, item, open });
  return wrong === 0 ? said : SAYS.wrong;
}

/** [rows + 1], the first of them 0, the others anything. */
function offsetsFor(rows: number, take: Take): Int32Array {
  const offsets = takeArray(take, Int32Array, rows + 1);
  offsets[0] = 0;
  return offsets;
}

/** Moves the codes of a page's values, which lie side by side, to their items, from the last on, and marks the items that are null. */
function spread(
  codes: Codes,
  nullItems: Uint8Array,
  definition: Uint8Array,
  of: Int32Array,
  from: number,
  { count, items, valued }: { readonly count: number; readonly items: number; readonly valued: number },
): void {
  let to = from + items;
  let value = from + valued;
  for (let i = count - 1; i >= 0; i--) {
    const says = of[definition[i]!]!;
    if ((says & SAYS.item) === 0) continue;
    to--;
    if ((says & SAYS.nullItem) === 0) codes[to] = codes[--value]!;
    else {
      codes[to] = 0;
      nullItems[to] = 1;
    }
  }
}

/** Bits that are 1 where the flags are 0. */
function invertedBits(flags: Uint8Array, count: number): Uint8Array {
  return packBits(
    flags.map((flag) => 1 - flag),
    count,
  );
}
