/** Snappy's raw format, as Parquet's pages have it: by WebAssembly, which takes half the time of JavaScript. */
import { instantiate, type SnappyExports } from './snappy-wasm.js';

/** Room behind what is read and behind what is written; see snappy.wat. */
const ROOM = 64;
const PAGE_BYTES = 2 ** 16;
/** A length of 32 bits takes at most so many bytes of 7. */
const LENGTH_BYTES = 5;

let code: SnappyExports | undefined;
/** All of its memory, until it grows. */
let memory = new Uint8Array(0);

/** The length that compressed bytes say they have, and where it ends; undefined where it is cut or too long. */
function preamble(bytes: Uint8Array): { readonly length: number; readonly at: number } | undefined {
  let length = 0;
  for (let i = 0; i < LENGTH_BYTES && i < bytes.length; i++) {
    length += (bytes[i]! & 0x7f) * 2 ** (7 * i);
    if (bytes[i]! < 0x80) return { length, at: i + 1 };
  }
  return undefined;
}

/**
 * What `bytes` are once decompressed: a view of memory that the next call writes to. undefined where they are damaged, or not `length` bytes long. It
 * takes memory for both lengths, which it keeps.
 */
export function decompressSnappy(bytes: Uint8Array, length: number): Uint8Array | undefined {
  const head = preamble(bytes);
  if (head?.length !== length) return undefined;
  code ??= instantiate();
  const out = bytes.length + ROOM;
  const missing = out + length + ROOM - code.memory.buffer.byteLength;
  if (missing > 0) code.memory.grow(Math.ceil(missing / PAGE_BYTES));
  if (memory.buffer !== code.memory.buffer) memory = new Uint8Array(code.memory.buffer);
  memory.set(bytes);
  if (code.decompress(head.at, bytes.length, out, out + length) === 0) return undefined;
  return memory.subarray(out, out + length);
}
