/** MurmurHash3 on bytes in place (Austin Appleby, public domain): the x86 variants of 32 and 128 bits, little-endian. */

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** The finaliser of the 32-bit variant, a bijection of int32 in which each bit of the input reaches every bit of the output. */
export function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function scramble(block: number): number {
  return Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593);
}

/**
 * MurmurHash3_x86_32 of `bytes[start .. end)` under two seeds, the mixing of blocks shared.
 * @param out [2], uint32.
 */
export function murmur3Pair(
  bytes: Uint8Array,
  start: number,
  end: number,
  seedA: number,
  seedB: number,
  out: Uint32Array,
): void {
  let a = seedA | 0;
  let b = seedB | 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const k = scramble(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    a = (Math.imul(rotate(a ^ k, 13), 5) + 0xe6546b64) | 0;
    b = (Math.imul(rotate(b ^ k, 13), 5) + 0xe6546b64) | 0;
  }
  if (at < end) {
    let tail = 0;
    for (let i = end - 1; i >= at; i--) tail = (tail << 8) | bytes[i]!;
    const k = scramble(tail);
    a ^= k;
    b ^= k;
  }
  out[0] = finish(a ^ (end - start));
  out[1] = finish(b ^ (end - start));
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

function word(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  let value = 0;
  for (let i = end - 1; i >= at; i--) value = (value << 8) | bytes[i]!;
  return value;
}

/**
 * MurmurHash3_x86_128 of `bytes[start .. end)`.
 * @param out uint32; the four words go to `out[at .. at + 4)`.
 */
export function murmur3Wide(
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: number,
  out: Uint32Array,
  at: number,
): void {
  let h1 = seed | 0;
  let h2 = h1;
  let h3 = h1;
  let h4 = h1;
  let p = start;
  for (; p + 16 <= end; p += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(bytes, p, end), C1), 15), C2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(word(bytes, p + 4, end), C2), 16), C3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(word(bytes, p + 8, end), C3), 17), C4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(word(bytes, p + 12, end), C4), 18), C1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (p + 12 < end) h4 ^= Math.imul(rotate(Math.imul(word(bytes, p + 12, end), C4), 18), C1);
  if (p + 8 < end) h3 ^= Math.imul(rotate(Math.imul(word(bytes, p + 8, end), C3), 17), C4);
  if (p + 4 < end) h2 ^= Math.imul(rotate(Math.imul(word(bytes, p + 4, end), C2), 16), C3);
  if (p < end) h1 ^= Math.imul(rotate(Math.imul(word(bytes, p, end), C1), 15), C2);
  const length = end - start;
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finish(h1);
  h2 = finish(h2);
  h3 = finish(h3);
  h4 = finish(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  out[at] = h1;
  out[at + 1] = h2 + h1;
  out[at + 2] = h3 + h1;
  out[at + 3] = h4 + h1;
}
