/**
 * Columns of one row group as they lie packed in a Parquet file, read without a decoder: booleans, which are bitmaps there as in Arrow, and strings and
 * lists of strings that have a dictionary (parquet-packed-strings.ts), whose values are numbers there. It takes what it knows and gives undefined for
 * everything else, be it another encoding or damage: parquet-wasm then reads the row group, or says what is wrong with it.
 * Source: Encodings.md and README.md ("Nested Encoding") of Apache Parquet.
 */
import type { Take } from './arena.js';
import { bitmapBytes, copyBits, packBits, setBits } from './bits.js';
import { readHybrid } from './parquet-hybrid.js';
import { ENCODING, type PageParts, partsOf, type Range } from './parquet-page-parts.js';
import type { Page } from './parquet-pages.js';

/** How deep a column is, from its elements of the schema. */
export interface Depth {
  /** Whether the row, or the list that it has, may be null. */
  readonly optional: boolean;
  /** Of a list: whether its items may be null. Left out of a flat column. */
  readonly items?: { readonly optional: boolean };
}

/** Bits as Arrow has them. */
export interface PackedBits {
  readonly values: Uint8Array;
  /** Left out where nothing is null. */
  readonly validity?: Uint8Array;
}

/** The pages of a column chunk. */
export interface PackedChunk {
  readonly pages: readonly Page[];
  readonly codec: string;
  readonly rows: number;
  /** Entries of levels. */
  readonly values: number;
}

/** Memory of the last page's levels, used again. */
let spare = new Uint8Array(2 ** 16);

/** Memory for `count` levels, definition levels (0) beside repetition levels (1), with anything in it. */
export function levelsFor(count: number, which: 0 | 1): Uint8Array {
  if (spare.length < 2 * count) spare = new Uint8Array(2 * count);
  return spare.subarray(which * count, (which + 1) * count);
}

/** Levels of `width` bits, one a value. */
export function levels(
  { bytes, start, end }: Range,
  width: number,
  count: number,
  which: 0 | 1,
): Uint8Array | undefined {
  const found = levelsFor(count, which);
  return readHybrid(bytes, start, end, width, found, 0, count) ? found : undefined;
}

/** Whether `count` levels of one bit are one run of 1, as where nothing is null. */
function allOnes({ bytes, start, end }: Range, count: number): boolean {
  let header = 0;
  for (let at = start, scale = 1; at < end - 1 && scale < 2 ** 32; at++, scale *= 128) {
    header += (bytes[at]! & 0x7f) * scale;
    if (bytes[at]! < 0x80) return header % 2 === 0 && header / 2 >= count && bytes[at + 1] === 1;
  }
  return false;
}

/** The booleans of a page as bits. */
function bitsOf({ encoding, values: { bytes, start, end } }: PageParts, count: number): Uint8Array | undefined {
  if (encoding === ENCODING.plain) {
    return bitmapBytes(count) <= end - start ? bytes.subarray(start, end) : undefined;
  }
  if (encoding !== ENCODING.rle || end - start < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start, true);
  if (length > end - start - 4) return undefined;
  const flags = new Uint8Array(count);
  if (!readHybrid(bytes, start + 4, start + 4 + length, 1, flags, 0, count)) return undefined;
  return packBits(flags, count);
}

function ones(flags: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < flags.length; i++) sum += flags[i]!;
  return sum;
}

/** A column of booleans, in memory that `take` gives. */
export function packedBits(chunk: PackedChunk, { optional }: Depth, take: Take): PackedBits | undefined {
  const { rows, values: entries } = chunk;
  if (entries !== rows) return undefined;
  const values = take(bitmapBytes(rows)).fill(0);
  let validity: Uint8Array | undefined;
  let row = 0;
  for (const page of chunk.pages) {
    const count = page.values;
    const parts = page.kind === 'dictionary' ? undefined : partsOf(page, chunk.codec, false, optional);
    if (parts === undefined) return undefined;
    const complete = !optional || allOnes(parts.definition, count);
    const known = complete ? undefined : levels(parts.definition, 1, count, 0);
    if (known === undefined && !complete) return undefined;
    const there = known === undefined ? count : ones(known);
    const bits = (parts.valued ?? there) === there ? bitsOf(parts, there) : undefined;
    if (bits === undefined) return undefined;
    if (there === count) {
      copyBits(bits, 0, values, row, count);
      if (validity !== undefined) setBits(validity, row, count);
    } else {
      if (validity === undefined) {
        validity = take(bitmapBytes(rows)).fill(0);
        setBits(validity, 0, row);
      }
      for (let i = 0, bit = 0; i < count; i++) {
        if (known![i] === 0) continue;
        const at = row + i;
        validity[at >>> 3]! |= 1 << (at & 7);
        values[at >>> 3]! |= ((bits[bit >>> 3]! >>> (bit & 7)) & 1) << (at & 7);
        bit++;
      }
    }
    row += count;
  }
  return row === rows ? { values, ...(validity && { validity }) } : undefined;
}
