import { crc32 } from 'node:zlib';
import { InputError } from '../schemas/errors.js';
import type { Chunk } from './parquet-footer.js';
import { readThriftStruct, type ThriftStruct } from './parquet-thrift.js';

/** parquet.thrift, PageType. */
const PAGE = { data: 0, index: 1, dictionary: 2, dataV2: 3 };

/** What the page headers of a chunk say. */
export interface Pages {
  /** Whether the first page is a dictionary. */
  readonly dictionary: boolean;
  /** Bytes of all pages once uncompressed, without their headers. */
  readonly uncompressedBytes: number;
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
    const size = number(3);
    const full = number(2);
    const left = bytes.length - header.end;
    if (!(size >= 0 && size <= left)) fail(`page ${page}`, `at most ${left} bytes`, `${size}`);
    if (!(full >= 0)) fail(`page ${page}`, 'an uncompressed size', `${full}`);
    const body = bytes.subarray(header.end, header.end + size);
    if (header.value.has(4)) {
      const found = crc32(body);
      if (found !== number(4) >>> 0) {
        fail(`page ${page}`, `checksum ${(number(4) >>> 0).toString(16)}`, `${found.toString(16)}`);
      }
    }
    const type = number(1);
    if (type === PAGE.data || type === PAGE.dataV2) {
      const inner = header.value.get(type === PAGE.data ? 5 : 8);
      const count = inner instanceof Map ? number(1, inner) : Number.NaN;
      if (!(count >= 0 && values + count <= chunk.values)) {
        fail(`page ${page}`, `at most ${chunk.values - values} values`, `${count}`);
      }
      values += count;
    } else if (type === PAGE.dictionary && page === 0) {
      dictionary = true;
    } else if (type !== PAGE.index) {
      fail(`page ${page}`, 'a data page', type === PAGE.dictionary ? 'a second dictionary' : `a page of type ${type}`);
    }
    uncompressedBytes += full;
    at = header.end + size;
  }
  return { dictionary, uncompressedBytes };
}
