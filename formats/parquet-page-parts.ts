/** A data page of Parquet taken apart: its levels and its values, uncompressed. Whatever is not as it should be, or not known here, gives undefined. */
import * as zlib from 'node:zlib';
import type { Page } from './parquet-pages.js';
import { decompressSnappy } from './snappy.js';

/** parquet.thrift, Encoding. */
export const ENCODING = { plain: 0, plainDictionary: 2, rle: 3, bitPacked: 4, rleDictionary: 8 };

/** Fields of DataPageHeader and DataPageHeaderV2. */
const V1 = { encoding: 2, definition: 3, repetition: 4 };
const V2 = { nulls: 2, rows: 3, encoding: 4, definitionBytes: 5, repetitionBytes: 6, compressed: 7 };

/** Encodings that levels may have. */
const LEVELS: readonly number[] = [ENCODING.rle, ENCODING.bitPacked];

const LENGTH_BYTES = 4;

/** The bytes of a page once uncompressed, at most: writers make pages of about 1 MiB. */
const MAXIMUM_PAGE_BYTES = 64 * 2 ** 20;

const NOTHING = new Uint8Array(0);

/** Where levels or values lie. */
export interface Range {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Holds until the next page is taken apart. */
export interface PageParts {
  /** Of width 0, and empty, where the column has none. */
  readonly repetition: Range;
  readonly definition: Range;
  readonly values: Range;
  readonly encoding: number;
  /** How many values and how many rows it has, where it says so. */
  readonly valued?: number;
  readonly rows?: number;
}

/** Only newer versions of Node have it. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: typeof zlib.gunzipSync };

function byZlib(decompress: typeof zlib.gunzipSync, bytes: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const out = decompress(bytes, { maxOutputLength: Math.max(1, length) });
    return out.length === length ? out : undefined;
  } catch {
    return undefined;
  }
}

/** The `length` bytes behind compressed ones. They hold until the next call. */
export function uncompressed(codec: string, bytes: Uint8Array, length: number): Uint8Array | undefined {
  if (length > MAXIMUM_PAGE_BYTES) return undefined;
  if (length === 0) return NOTHING;
  switch (codec) {
    case 'UNCOMPRESSED':
      return bytes.length === length ? bytes : undefined;
    case 'SNAPPY':
      return decompressSnappy(bytes, length);
    case 'GZIP':
      return byZlib(zlib.gunzipSync, bytes, length);
    case 'BROTLI':
      return byZlib(zlib.brotliDecompressSync, bytes, length);
    case 'ZSTD':
      return zstdDecompressSync && byZlib(zstdDecompressSync, bytes, length);
    default:
      return undefined;
  }
}

const number = (page: Page, field: number) => {
  const value = page.header.get(field);
  return typeof value === 'number' ? value : -1;
};

function partsV1(page: Page, codec: string, repeated: boolean, optional: boolean): PageParts | undefined {
  const bytes = uncompressed(codec, page.bytes, page.uncompressedBytes);
  if (bytes === undefined) return undefined;
  let at = 0;
  const levels = (there: boolean, encoding: number): Range | undefined => {
    // Where there are none, other writers and readers have an encoding for them all the same.
    if (!there) return LEVELS.includes(number(page, encoding)) ? { bytes, start: at, end: at } : undefined;
    if (number(page, encoding) !== ENCODING.rle || bytes.length - at < LENGTH_BYTES) return undefined;
    const start = at + LENGTH_BYTES;
    const length = bytes[at]! + bytes[at + 1]! * 2 ** 8 + bytes[at + 2]! * 2 ** 16 + bytes[at + 3]! * 2 ** 24;
    if (length > bytes.length - start) return undefined;
    at = start + length;
    return { bytes, start, end: at };
  };
  const repetition = levels(repeated, V1.repetition);
  const definition = levels(optional, V1.definition);
  if (repetition === undefined || definition === undefined) return undefined;
  const values = { bytes, start: at, end: bytes.length };
  return { repetition, definition, values, encoding: number(page, V1.encoding) };
}

function partsV2(page: Page, codec: string, repeated: boolean, optional: boolean): PageParts | undefined {
  const repetitionBytes = number(page, V2.repetitionBytes);
  const definitionBytes = number(page, V2.definitionBytes);
  const levels = repetitionBytes + definitionBytes;
  if (repetitionBytes < 0 || definitionBytes < 0 || levels > Math.min(page.bytes.length, page.uncompressedBytes)) {
    return undefined;
  }
  if ((!repeated && repetitionBytes > 0) || (!optional && definitionBytes > 0)) return undefined;
  const valued = page.values - number(page, V2.nulls);
  const rows = number(page, V2.rows);
  if (!(valued >= 0 && valued <= page.values && rows >= 0 && rows <= page.values)) return undefined;
  const plain = page.header.get(V2.compressed) === false;
  const rest = page.bytes.subarray(levels);
  const values = uncompressed(plain ? 'UNCOMPRESSED' : codec, rest, page.uncompressedBytes - levels);
  if (values === undefined) return undefined;
  return {
    repetition: { bytes: page.bytes, start: 0, end: repetitionBytes },
    definition: { bytes: page.bytes, start: repetitionBytes, end: levels },
    values: { bytes: values, start: 0, end: values.length },
    encoding: number(page, V2.encoding),
    valued,
    rows,
  };
}

/** A page with values. `repeated`, `optional`: whether the column has repetition levels, definition levels. */
export function partsOf(page: Page, codec: string, repeated: boolean, optional: boolean): PageParts | undefined {
  return (page.kind === 'data' ? partsV1 : partsV2)(page, codec, repeated, optional);
}
