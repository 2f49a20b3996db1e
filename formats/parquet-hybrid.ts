/** Parquet's hybrid of run lengths and packed bits (Encodings.md of Apache Parquet, "RLE"): levels, dictionary indices and booleans. */

/** Wider values than these are not unpacked: a dictionary of 16 million values. */
export const MAXIMUM_WIDTH = 24;

const WORD_BYTES = 4;

type Values = Uint8Array | Uint16Array | Int32Array;

/** A run's header takes 5 bytes of 7 bits at most: runs are counted in 32 bits. */
const HEADER_LIMIT = 128 ** 5;

/** Four values of up to 8 bits, side by side in the lowest bits of `word`, each in a byte of its own. */
function spread(word: number, width: number, pair: number, mask: number): number {
  const two = (word & pair) | (((word >>> (2 * width)) & pair) << 16);
  return (two & mask) | (((two >>> width) & mask) << 8);
}

/** Values of `width` bits, 1 to 8, from byte `at` on, each lowest bit first, into bytes `[from, to)`, in eights; gives where the first of the last few goes. */
function unpack(source: DataView, at: number, width: number, target: DataView, from: number, to: number): number {
  const pair = 2 ** (2 * width) - 1;
  const mask = (2 ** width - 1) * 0x10001;
  // Where the second four of eight values begin.
  const second = width >>> 1;
  const shift = 4 * (width & 1);
  let i = from;
  let next = at;
  for (; i + 8 <= to && next + second + WORD_BYTES <= source.byteLength; i += 8, next += width) {
    target.setUint32(i, spread(source.getUint32(next, true), width, pair, mask), true);
    target.setUint32(i + 4, spread(source.getUint32(next + second, true) >>> shift, width, pair, mask), true);
  }
  return i;
}

/** The same of any width and number of values. */
function unpackAny(source: DataView, at: number, width: number, values: Values, from: number, to: number): void {
  const mask = 2 ** width - 1;
  const last = source.byteLength - WORD_BYTES;
  for (let i = from, bit = at * 8; i < to; i++, bit += width) {
    const byte = bit >>> 3;
    // Four bytes hold a value wherever in the first of them it begins.
    const word = byte <= last ? source.getUint32(byte, true) : lastWord(source, byte);
    values[i] = (word >>> (bit & 7)) & mask;
  }
}

/** Four bytes, of which some may be behind the end, and are 0. */
function lastWord(source: DataView, at: number): number {
  let word = 0;
  for (let i = source.byteLength - 1; i >= at; i--) word = (word << 8) | source.getUint8(i);
  return word;
}

/**
 * Fills `values[from .. to)` from `bytes[start .. end)`. Gives false, with some of them filled, where the runs are fewer, go beyond the bytes, or hold a
 * value that `width` bits do not have; or where `width` is above MAXIMUM_WIDTH or what `values` hold. What lies behind the last value is not looked at.
 */
export function readHybrid(
  bytes: Uint8Array,
  start: number,
  end: number,
  width: number,
  values: Values,
  from: number,
  to: number,
): boolean {
  if (!(width >= 0 && width <= Math.min(MAXIMUM_WIDTH, 8 * values.BYTES_PER_ELEMENT))) return false;
  const valueBytes = (width + 7) >>> 3;
  const limit = 2 ** width;
  const bytewise = values instanceof Uint8Array && width > 0;
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = new DataView(values.buffer, values.byteOffset, values.byteLength);
  let at = start;
  let done = from;
  while (done < to) {
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      if (scale === HEADER_LIMIT || at >= end) return false;
      const byte = bytes[at++]!;
      header += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const run = Math.floor(header / 2);
    if (header % 2 === 1) {
      const size = run * width;
      const stop = Math.min(to, done + run * 8);
      if (size > end - at) return false;
      const eights = bytewise ? unpack(source, at, width, target, done, stop) : done;
      unpackAny(source, at + ((eights - done) / 8) * width, width, values, eights, stop);
      at += size;
      done = stop;
    } else {
      if (valueBytes > end - at) return false;
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value |= bytes[at++]! << (8 * i);
      if (value >= limit) return false;
      const stop = Math.min(to, done + run);
      // Most runs are short: a call would take longer.
      while (done < stop) values[done++] = value;
    }
  }
  return true;
}
