/**
 * Letters of captions: which code points are of words, and what they fold to.
 *
 * A word is a run of [\p{L}\p{N}\p{M}_]. Folding is Unicode simple case folding, that of a RegExp with the flags `iu`
 * (CaseFolding.txt, statuses C and S): K and the Kelvin sign are one letter, `ß` is not `ss`, the Turkish dotless ı is not i.
 */

const WORD = /^[\p{L}\p{N}\p{M}_]$/u;
const BLOCK_BITS = 8;
const BLOCK = 1 << BLOCK_BITS;
const LAST_CODE_POINT = 0x10ffff;

/** Folded code point, or NOT_WORD; filled a block at a time, as a caption's letters come from few scripts. */
const blocks: (Int32Array | undefined)[] = new Array((LAST_CODE_POINT >> BLOCK_BITS) + 1).fill(undefined);
export const NOT_WORD = -1;

function single(text: string, otherwise: number): number {
  const point = text.codePointAt(0)!;
  return text.length === (point > 0xffff ? 2 : 1) ? point : otherwise;
}

/** Pairs that fold together (CaseFolding.txt, status S, since Unicode 15.1) though no case mapping leads from one to the other. */
const UNMAPPED = new Map([
  [0x1fd3, 0x0390],
  [0x1fe3, 0x03b0],
  [0xfb05, 0xfb06],
]);

/** Simple case folding from the mappings that JavaScript has: lower case of upper case, kept only where RegExp agrees. */
function computeFold(point: number): number {
  const text = String.fromCodePoint(point);
  const lower = single(text.toLowerCase(), point);
  const upper = single(text.toUpperCase(), point);
  const folded = single(String.fromCodePoint(upper).toLowerCase(), upper);
  for (const candidate of [folded, lower, UNMAPPED.get(point) ?? point]) {
    if (candidate !== point && new RegExp(`^\\u{${candidate.toString(16)}}$`, 'iu').test(text)) return candidate;
  }
  return point;
}

function fillBlock(index: number): Int32Array {
  const block = new Int32Array(BLOCK).fill(NOT_WORD);
  for (let i = 0; i < BLOCK; i++) {
    const point = (index << BLOCK_BITS) | i;
    if (point >= 0xd800 && point <= 0xdfff) continue;
    if (WORD.test(String.fromCodePoint(point))) block[i] = computeFold(point);
  }
  blocks[index] = block;
  return block;
}

/** The folded form of a code point of a word; NOT_WORD for any other. Folds are idempotent. */
export function foldCodePoint(point: number): number {
  return (blocks[point >> BLOCK_BITS] ?? fillBlock(point >> BLOCK_BITS))[point & (BLOCK - 1)]!;
}

/** Marks a byte of a code point above ASCII in ASCII_FOLD. */
export const BEYOND_ASCII = 255;

/** [256]: the folded byte of an ASCII word character, 0 for any other ASCII byte, BEYOND_ASCII from 0x80. */
export const ASCII_FOLD: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 ? BEYOND_ASCII : Math.max(0, foldCodePoint(byte)),
);

/**
 * Decodes the code point at `at` as `point * 8 + bytes` (1 to 4); -1 where the bytes are not valid UTF-8 (too long,
 * surrogates, cut off at `end`). One number, so that nothing is allocated.
 */
export function decodeUtf8(values: Uint8Array, at: number, end: number): number {
  const b0 = values[at]!;
  if (b0 < 0x80) return b0 * 8 + 1;
  if (b0 < 0xc2 || b0 > 0xf4) return -1;
  const b1 = at + 1 < end ? values[at + 1]! : 0;
  if ((b1 & 0xc0) !== 0x80) return -1;
  if (b0 < 0xe0) return (((b0 & 0x1f) << 6) | (b1 & 0x3f)) * 8 + 2;
  const b2 = at + 2 < end ? values[at + 2]! : 0;
  if ((b2 & 0xc0) !== 0x80) return -1;
  if (b0 < 0xf0) {
    const point = ((b0 & 0x0f) << 12) | ((b1 & 0x3f) << 6) | (b2 & 0x3f);
    return point < 0x800 || (point >= 0xd800 && point <= 0xdfff) ? -1 : point * 8 + 3;
  }
  const b3 = at + 3 < end ? values[at + 3]! : 0;
  if ((b3 & 0xc0) !== 0x80) return -1;
  const point = ((b0 & 0x07) << 18) | ((b1 & 0x3f) << 12) | ((b2 & 0x3f) << 6) | (b3 & 0x3f);
  return point < 0x10000 || point > LAST_CODE_POINT ? -1 : point * 8 + 4;
}

/** Writes a code point as UTF-8 into `out` at `at` and returns the place after it. */
export function encodeUtf8(point: number, out: Uint8Array, at: number): number {
  let next = at;
  if (point < 0x80) out[next++] = point;
  else if (point < 0x800) {
    out[next++] = 0xc0 | (point >> 6);
    out[next++] = 0x80 | (point & 0x3f);
  } else if (point < 0x10000) {
    out[next++] = 0xe0 | (point >> 12);
    out[next++] = 0x80 | ((point >> 6) & 0x3f);
    out[next++] = 0x80 | (point & 0x3f);
  } else {
    out[next++] = 0xf0 | (point >> 18);
    out[next++] = 0x80 | ((point >> 12) & 0x3f);
    out[next++] = 0x80 | ((point >> 6) & 0x3f);
    out[next++] = 0x80 | (point & 0x3f);
  }
  return next;
}
