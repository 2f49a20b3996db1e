import { crc32 } from 'node:zlib';
import { InputError } from '../schemas/errors.js';
import type { Chunk } from './parquet-footer.js';
import { readThriftStruct, type ThriftStruct } from './parquet-thrift.js';

/** parquet.thrift, PageType. */
const PAGE = { data: 0, index: 1, dictionary: 2, dataV2: 3 };

/** Fields of its PageHeader. */
const FIELD = { type: 1, uncompressed: 2, compressed: 3, checksum: 4, data: 5, dictionary: 7, dataV2: 8 };

const NO_FIELDS: ThriftStruct = new Map();

/** A page with values, or the dictionary. */
export interface Page {
  readonly kind: 'data' | 'dataV2' | 'dictionary';
  /** DataPageHeader, DataPageHeaderV2 or DictionaryPageHeader of parquet.thrift. */
  readonly header: ThriftStruct;
  /** Levels included. */
  readonly values: number;
  /** As they lie in the file. */
  readonly bytes: Uint8Array;
  /** Bytes once uncompressed. */
  readonly uncompressedBytes: number;
}

/** What the page headers of a chunk say. */
export interface Pages {
  readonly pages: readonly Page[];
  /** Whether the first page is a dictionary. */
  readonly dictionary: boolean;
  /** Bytes of all pages once uncompressed, without their headers. */
  readonly uncompressedBytes: number;
}

function structAt(header: ThriftStruct, field: number): ThriftStruct {
  const value = header.get(field);
  return value instanceof Map ? value : NO_FIELDS;
}

/**
 * Walks the page headers of a column chunk: lengths must fit, checksums (where the writer put any) must hold, and the values must be as many as
 * the footer says. It costs a header a page and the checksum, and spares the decoder lengths that lie. Throws an InputError.
 */
export function checkPages(bytes: Uint8Array, chunk: Chunk, file: string, place: string): Pages {
  const fail = (what: string, expected: string, got: string): never => {
    throw new InputError(`Parquet: ${what}`, { file, place, expected, got });
  };
  let at = 0;
  let values = 0;
  let uncompressedBytes = 0;
  let dictionary = false;
  const pages: Page[] = [];
  for (let page = 0; values < chunk.values; page++) {
    if (at >= bytes.length) fail('pages', `${chunk.values} values`, `${values} in ${page} pages`);
    let header: { readonly value: ThriftStruct; readonly end: number };
    try {
      header = readThriftStruct(bytes, at);
    } catch (error) {
      return fail(`header of page ${page}`, 'a page header', (error as Error).message);
    }
    const number = (field: number, of: ThriftStruct = header.value) => {
      const value = of.get(field);
      return typeof value === 'number' ? value : Number.NaN;
    };
    const size = number(FIELD.compressed);
    const full = number(FIELD.uncompressed);
    const left = bytes.length - header.end;
    if (!(size >= 0 && size <= left)) fail(`page ${page}`, `at most ${left} bytes`, `${size}`);
    if (!(full >= 0)) fail(`page ${page}`, 'an uncompressed size', `${full}`);
    const body = bytes.subarray(header.end, header.end + size);
    if (header.value.has(FIELD.checksum)) {
      const found = crc32(body);
      if (found !== number(FIELD.checksum) >>> 0) {
        fail(`page ${page}`, `checksum ${(number(FIELD.checksum) >>> 0).toString(16)}`, `${found.toString(16)}`);
      }
    }
    const type = number(FIELD.type);
    if (type === PAGE.data || type === PAGE.dataV2) {
      const inner = structAt(header.value, type === PAGE.data ? FIELD.data : FIELD.dataV2);
      const count = number(1, inner);
      if (!(count >= 0 && values + count <= chunk.values)) {
        fail(`page ${page}`, `at most ${chunk.values - values} values`, `${count}`);
      }
      values += count;
      const kind = type === PAGE.data ? 'data' : 'dataV2';
      pages.push({ kind, header: inner, values: count, bytes: body, uncompressedBytes: full });
    } else if (type === PAGE.dictionary && page === 0) {
      dictionary = true;
      const inner = structAt(header.value, FIELD.dictionary);
      const count = number(1, inner);
      pages.push({ kind: 'dictionary', header: inner, values: count, bytes: body, uncompressedBytes: full });
    } else if (type !== PAGE.index) {
      fail(`page ${page}`, 'a data page', type === PAGE.dictionary ? 'a second dictionary' : `a page of type ${type}`);
    }
    uncompressedBytes += full;
    at = header.end + size;
  }
  return { pages, dictionary, uncompressedBytes };
}
