/** Parquet's hybrid of run lengths and packed bits (Encodings.md of Apache Parquet, "RLE"): levels, dictionary indices and booleans. */

/** Wider values than these are not unpacked: a dictionary of 16 million values. */
export const MAXIMUM_WIDTH = 24;

const WORD_BYTES = 4;

/** A run's header takes so many bytes of 7 bits at most: runs are counted in 32 bits. */
const HEADER_BYTES = 5;

/** Values of `width` bits from `bytes[at]` on, each lowest bit first, into `values[from .. to)`. */
function unpack(bytes: Uint8Array, at: number, width: number, values: Uint8Array, from: number, to: number): void {
  let next = at;
  let to8 = from;
  if (width === 1) {
    for (; to8 + 8 <= to; to8 += 8) {
      const byte = bytes[next++]!;
      values[to8] = byte & 1;
      values[to8 + 1] = (byte >>> 1) & 1;
      values[to8 + 2] = (byte >>> 2) & 1;
      values[to8 + 3] = (byte >>> 3) & 1;
      values[to8 + 4] = (byte >>> 4) & 1;
      values[to8 + 5] = (byte >>> 5) & 1;
      values[to8 + 6] = (byte >>> 6) & 1;
      values[to8 + 7] = byte >>> 7;
    }
  } else if (width === 2) {
    for (; to8 + 4 <= to; to8 += 4) {
      const byte = bytes[next++]!;
      values[to8] = byte & 3;
      values[to8 + 1] = (byte >>> 2) & 3;
      values[to8 + 2] = (byte >>> 4) & 3;
      values[to8 + 3] = byte >>> 6;
    }
  }
  unpackWide(bytes, next, width, values, to8, to);
}

function unpackWide(
  bytes: Uint8Array,
  at: number,
  width: number,
  values: Uint8Array | Uint16Array | Int32Array,
  from: number,
  to: number,
): void {
  const mask = 2 ** width - 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Four bytes hold a value wherever in the first of them it begins.
  const whole = Math.floor(((bytes.length - WORD_BYTES - at) * 8) / width);
  const stop = Math.min(to, from + Math.max(0, whole));
  let i = from;
  for (let bit = at * 8; i < stop; i++, bit += width) {
    values[i] = (view.getUint32(bit >>> 3, true) >>> (bit & 7)) & mask;
  }
  for (let bit = at * 8 + (i - from) * width; i < to; i++, bit += width) {
    let word = 0;
    for (let k = 0; k < WORD_BYTES; k++) word += (bytes[(bit >>> 3) + k] ?? 0) * 2 ** (8 * k);
    values[i] = (word >>> (bit & 7)) & mask;
  }
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
  values: Uint8Array | Uint16Array | Int32Array,
  from: number,
  to: number,
): boolean {
  if (!(width >= 0 && width <= Math.min(MAXIMUM_WIDTH, 8 * values.BYTES_PER_ELEMENT))) return false;
  const valueBytes = (width + 7) >>> 3;
  let at = start;
  let done = from;
  while (done < to) {
    let header = 0;
    for (let i = 0; ; i++) {
      if (i === HEADER_BYTES || at >= end) return false;
      const byte = bytes[at++]!;
      header += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) break;
    }
    if (header % 2 === 1) {
      const count = ((header - 1) / 2) * 8;
      const size = (count / 8) * width;
      const stop = Math.min(to, done + count);
      if (size > end - at) return false;
      if (values instanceof Uint8Array) unpack(bytes, at, width, values, done, stop);
      else unpackWide(bytes, at, width, values, done, stop);
      at += size;
      done = stop;
    } else {
      if (valueBytes > end - at) return false;
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value += bytes[at++]! * 2 ** (8 * i);
      if (value >= 2 ** width) return false;
      const stop = Math.min(to, done + header / 2);
      values.fill(value, done, stop);
      done = stop;
    }
  }
  return true;
}
