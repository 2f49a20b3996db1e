/** Rows of a chunk of booleans that are true, found 32 at a time: most labels are rare. */
import type { Data } from 'apache-arrow';
import { bitmapBytes, copyBits } from '../../formats/bits.js';

const WORD_BYTES = 4;
const WORD_BITS = 32;

/** The bits that say which rows of a chunk are known; undefined where all are. */
export function knownBits({ nullBitmap, nullCount }: Data): Uint8Array | undefined {
  return nullCount > 0 && nullBitmap !== undefined && nullBitmap.length > 0 ? nullBitmap : undefined;
}

/** [rows / 32, rounded up] bits of the rows that are true and known, the first row lowest; 0 behind the last. The chunk's own memory where it has them so. */
export function trueWords(data: Data): Int32Array {
  const { offset, length } = data;
  const bits = data.values as Uint8Array;
  const known = knownBits(data);
  const words = Math.ceil(length / WORD_BITS);
  if (known === undefined && offset === 0 && length % WORD_BITS === 0 && bits.byteOffset % WORD_BYTES === 0) {
    return new Int32Array(bits.buffer, bits.byteOffset, words);
  }
  const made = new Int32Array(words);
  const bytes = new Uint8Array(made.buffer);
  // Values and validity are both from the chunk's offset on.
  copyBits(bits, offset, bytes, 0, length);
  if (known !== undefined) {
    const mask = new Uint8Array(bitmapBytes(length));
    copyBits(known, offset, mask, 0, length);
    for (let i = 0; i < mask.length; i++) bytes[i]! &= mask[i]!;
  }
  return made;
}

/** Calls `add` with each row, ascending, and the label. */
export function addTrue(words: Int32Array, label: number, add: (row: number, label: number) => void): void {
  for (let word = 0; word < words.length; word++) {
    for (let some = words[word]!; some !== 0; some &= some - 1) {
      add(word * WORD_BITS + 31 - Math.clz32(some & -some), label);
    }
  }
}

/** Adds one to `counts[code[row] * blocks + block]` for each row. */
export function countTrue(
  words: Int32Array,
  code: Uint16Array,
  blocks: number,
  block: number,
  counts: Uint32Array,
): void {
  for (let word = 0; word < words.length; word++) {
    for (let some = words[word]!; some !== 0; some &= some - 1) {
      const row = word * WORD_BITS + 31 - Math.clz32(some & -some);
      counts[code[row]! * blocks + block]!++;
    }
  }
}

/** Adds `ofTrue` to the code of each row of a chunk of booleans that is true, `ofNull` to that of each that is null; the sums are below 2^16. */
export function addCodes(data: Data, codes: Uint16Array, ofTrue: number, ofNull: number): void {
  const words = trueWords(data);
  const { length, offset } = data;
  // Two rows at a time, each in a half of a number.
  const pairs = new Uint32Array(codes.buffer, codes.byteOffset, length >> 1);
  const whole = length >> 5;
  for (let word = 0, at = 0; word < whole; word++) {
    for (let some = words[word]!, end = at + WORD_BITS / 2; at < end; at++, some >>>= 2) {
      pairs[at]! += ((some & 1) | ((some & 2) << 15)) * ofTrue;
    }
  }
  for (let row = whole * WORD_BITS; row < length; row++) codes[row]! += ((words[whole]! >>> (row & 31)) & 1) * ofTrue;
  const known = knownBits(data);
  if (known === undefined) return;
  for (let row = 0, at = offset; row < length; row++, at++) {
    codes[row]! += (1 - ((known[at >> 3]! >> (at & 7)) & 1)) * ofNull;
  }
}
