/** A file read from its beginning to its end, plain or compressed by gzip or zlib, in bounded memory. */
import { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { giveSpare, takeSpare } from './spares.js';

/** Read at once. */
const WINDOW_BYTES = 1 << 20;

/** After so many windows one behind the other, the next is read ahead: what passes over images wants none of it. */
const CALM_WINDOWS = 2;

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
  /** Nothing more is wanted, and what was taken is void. */
  end(): Promise<void>;
}

/** A window that is being read. */
interface Ahead {
  readonly from: number;
  readonly end: number;
  /** What is read lies behind room for as much, so that the rest of the window before can be put in front of it. */
  readonly memory: Uint8Array;
  readonly bytes: Promise<Uint8Array>;
}

function plain(source: ByteSource): Forward {
  const room = Math.min(source.bytes, WINDOW_BYTES);
  // Read into again and again, in turn: fresh memory for each window would cost more than the copy from the disk's cache.
  const memories: Uint8Array<ArrayBuffer>[] = [];
  let turn = 1;
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  let ahead: Ahead | undefined;
  /** Windows one behind the other, since something was passed over or did not fit into one. */
  let calm = 0;
  const held = (at: number, count: number) =>
    at >= start && at + count <= start + window.length ? window.subarray(at - start, at - start + count) : undefined;

  const begin = (from: number): Ahead => {
    turn = 1 - turn;
    memories[turn] ??= takeSpare(2 * room);
    const memory = memories[turn]!;
    const end = Math.min(source.bytes, from + WINDOW_BYTES);
    const bytes = source.read(from, end, memory.subarray(room, 2 * room));
    // Whoever takes it is told; one that nobody wants must not end the process.
    bytes.catch(() => undefined);
    return { from, end, memory, bytes };
  };

  /** The window from `at`, of what is left of this one and what is read ahead. */
  async function joined({ from, end, memory, bytes }: Ahead, at: number): Promise<Uint8Array> {
    const rest = window.subarray(at - start);
    const read = await bytes;
    const into = memory.subarray(room - rest.length, room + end - from);
    into.set(rest);
    // A source need not read where it is asked to.
    if (read.buffer !== memory.buffer) into.set(read, rest.length);
    return into;
  }

  return {
    name: source.name,
    bytes: source.bytes,
    held,
    async take(at, count) {
      const there = held(at, count);
      if (there !== undefined) return there;
      const next = ahead;
      ahead = undefined;
      const from = Math.min(at, source.bytes);
      const follows = from >= start && from <= start + window.length && window.length > 0;
      if (next !== undefined && follows && from + count <= next.end && next.from - from <= room) {
        window = await joined(next, from);
      } else {
        // Its memory is the next one's.
        await next?.bytes.catch(() => undefined);
        const end = Math.min(source.bytes, Math.max(from + count, from + WINDOW_BYTES));
        window = end - from > WINDOW_BYTES ? await source.read(from, end) : await begin(from).bytes;
      }
      start = from;
      calm = follows && count <= WINDOW_BYTES ? calm + 1 : 0;
      const behind = start + window.length;
      if (calm >= CALM_WINDOWS && behind < source.bytes) ahead = begin(behind);
      return window.subarray(0, count);
    },
    async end() {
      await ahead?.bytes.catch(() => undefined);
      ahead = undefined;
      window = new Uint8Array(0);
      for (const memory of memories.splice(0)) giveSpare(memory);
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
    async end() {
      await pieces.return(undefined);
      window = new Uint8Array(0);
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
