/** A file read from its beginning to its end, plain or compressed by gzip or zlib, in bounded memory. */
import { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';

/** Read at once. */
const WINDOW_BYTES = 1 << 20;

export type Compression = 'gzip' | 'zlib';

export interface Forward {
  readonly name: string;
  /** Bytes of the whole, uncompressed; undefined where only the end will tell. */
  readonly bytes: number | undefined;
  /** `count` bytes from `at`, where they are in memory already. */
  held(at: number, count: number): Uint8Array | undefined;
  /**
   * `count` bytes from `at`, which is never before that of an earlier call: a view that holds until the next call. Fewer where the file ends
   * before. Bytes that are passed over are not kept, and of plain files those that are far enough ahead not even read.
   */
  take(at: number, count: number): Promise<Uint8Array>;
}

function plain(source: ByteSource): Forward {
  // Read into again and again: fresh memory for each window would cost more than the copy from the disk's cache.
  const memory = new Uint8Array(Math.min(source.bytes, WINDOW_BYTES));
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  const held = (at: number, count: number) =>
    at >= start && at + count <= start + window.length ? window.subarray(at - start, at - start + count) : undefined;
  return {
    name: source.name,
    bytes: source.bytes,
    held,
    async take(at, count) {
      const there = held(at, count);
      if (there !== undefined) return there;
      const from = Math.min(at, source.bytes);
      const end = Math.min(source.bytes, at + Math.max(count, WINDOW_BYTES));
      window = await source.read(from, end, end - from <= memory.length ? memory : undefined);
      start = from;
      return window.subarray(0, count);
    },
  };
}

/** The bytes behind a compressed file, in pieces. Throws an InputError where it is damaged or cut off. */
async function* inflated(source: ByteSource, compression: Compression): AsyncGenerator<Uint8Array> {
  async function* ranges() {
    for (let at = 0; at < source.bytes; at += WINDOW_BYTES)
      yield source.read(at, Math.min(source.bytes, at + WINDOW_BYTES));
  }
  const options = { chunkSize: WINDOW_BYTES };
  const stream = compression === 'gzip' ? createGunzip(options) : createInflate(options);
  const from = Readable.from(ranges());
  from.on('error', (error) => stream.destroy(error)).pipe(stream);
  try {
    for await (const piece of stream) yield piece;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const expected = `${compression} data`;
    const got = (error as Error).message;
    throw new InputError('decompression', { file: source.name, expected, got }, { cause: error });
  } finally {
    from.destroy();
    stream.destroy();
  }
}

function compressed(source: ByteSource, compression: Compression): Forward {
  const pieces = inflated(source, compression);
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  let bytes: number | undefined;
  const held = (at: number, count: number) =>
    at >= start && at + count <= start + window.length ? window.subarray(at - start, at - start + count) : undefined;
  return {
    name: source.name,
    get bytes() {
      return bytes;
    },
    held,
    async take(at, count) {
      while (bytes === undefined && held(at, count) === undefined) {
        const { value, done } = await pieces.next();
        if (done) {
          bytes = start + window.length;
          break;
        }
        const passed = Math.min(window.length, Math.max(0, at - start));
        const rest = window.subarray(passed);
        start += passed;
        window = rest.length === 0 ? value : Buffer.concat([rest, value]);
      }
      return held(at, count) ?? window.subarray(Math.min(window.length, at - start));
    },
  };
}

/** Opens a file to be read forward. */
export function forward(source: ByteSource, compression?: Compression): Forward {
  return compression === undefined ? plain(source) : compressed(source, compression);
}

/** The compression that the first bytes are of. A zlib stream has no magic: it is only looked for where nothing else fits. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  // RFC 1950, 2.2: deflate, and a check of the first two bytes.
  return (head[0]! & 0x0f) === 8 && ((head[0]! << 8) | head[1]!) % 31 === 0 ? 'zlib' : undefined;
}
