/**
 * Lengths of captions in words and code points, counted on UTF-8 bytes.
 *
 * They are Python's `len(text.split())` and `len(text)`, which DataComp's baselines use: words are parted by str.isspace, that is
 * Unicode White_Space and U+001C to U+001F (not the zero-width space, nor the byte order mark). Both bounds are inclusive.
 */
import { utf8Column } from '../tag/column.js';
import { type Filter, filterName } from './filter.js';

interface LengthRule {
  readonly column: string;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

const SPACE = 1;
const MAY_BE_SPACE = 2;
/** [256]: SPACE, or MAY_BE_SPACE for the first bytes of white space beyond ASCII. */
const SPACE_BYTES = new Uint8Array(256);
for (const byte of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20]) SPACE_BYTES[byte] = SPACE;
for (const byte of [0xc2, 0xe1, 0xe2, 0xe3]) SPACE_BYTES[byte] = MAY_BE_SPACE;

/** Bytes of the white space beyond ASCII that starts at `at`, or 0. */
function wideSpace(bytes: Uint8Array, at: number, end: number): number {
  const b0 = bytes[at]!;
  const b1 = at + 1 < end ? bytes[at + 1]! : 0;
  if (b0 === 0xc2) return b1 === 0x85 || b1 === 0xa0 ? 2 : 0;
  const b2 = at + 2 < end ? bytes[at + 2]! : 0;
  if (b0 === 0xe1) return b1 === 0x9a && b2 === 0x80 ? 3 : 0;
  if (b0 === 0xe3) return b1 === 0x80 && b2 === 0x80 ? 3 : 0;
  if (b1 === 0x81) return b2 === 0x9f ? 3 : 0;
  if (b1 !== 0x80) return 0;
  return (b2 >= 0x80 && b2 <= 0x8a) || b2 === 0xa8 || b2 === 0xa9 || b2 === 0xaf ? 3 : 0;
}

/** Words of `bytes[start .. end)`; counting stops at `limit`. */
export function countWords(bytes: Uint8Array, start: number, end: number, limit = Number.POSITIVE_INFINITY): number {
  const kinds = SPACE_BYTES;
  let words = 0;
  let previous = SPACE;
  for (let at = start; at < end; at++) {
    let kind = kinds[bytes[at]!]!;
    if (kind === MAY_BE_SPACE) {
      const width = wideSpace(bytes, at, end);
      kind = width > 0 ? SPACE : 0;
      if (width > 0) at += width - 1;
    }
    // A word starts where something else follows a space: without a branch, as their lengths cannot be foretold.
    words += previous & (kind ^ SPACE);
    if (words >= limit) break;
    previous = kind;
  }
  return words;
}

/** Code points of `bytes[start .. end)`: its bytes that continue none; counting stops at `limit`. */
export function countCharacters(
  bytes: Uint8Array,
  start: number,
  end: number,
  limit = Number.POSITIVE_INFINITY,
): number {
  let characters = 0;
  for (let at = start; at < end; at++) {
    if ((bytes[at]! & 0xc0) !== 0x80 && ++characters >= limit) break;
  }
  return characters;
}

/** @param bytesEach the fewest bytes of text for each more that is counted: a text of few bytes cannot be above the maximum. */
function lengthFilter(name: string, rule: LengthRule, count: typeof countWords, bytesEach: number): Filter {
  const minimum = rule.minimum ?? 0;
  const maximum = rule.maximum ?? Number.POSITIVE_INFINITY;
  const enough = Math.ceil(minimum);
  const tooMany = Math.max(enough, Math.floor(maximum) + 1);
  return {
    name,
    reasons: [`${name}: too few`, `${name}: too many`, `${name}: null`],
    columns: [rule.column],
    select(batch, drop, firstCode) {
      const { rows, offsets, values, valid } = utf8Column(batch, rule.column);
      for (let i = 0; i < rows; i++) {
        if (drop[i] !== 0) continue;
        if (valid !== undefined && valid[i] === 0) {
          drop[i] = firstCode + 2;
          continue;
        }
        const start = offsets[i]!;
        const end = offsets[i + 1]!;
        const limit = end - start < tooMany * bytesEach - 1 ? enough : tooMany;
        const length = count(values, start, end, limit);
        if (length < minimum) drop[i] = firstCode;
        else if (length > maximum) drop[i] = firstCode + 1;
      }
    },
  };
}

/** Keeps captions of `minimum` to `maximum` words. */
export function wordsFilter(rule: LengthRule): Filter {
  return lengthFilter(filterName('words', rule.column, 'text'), rule, countWords, 2);
}

/** Keeps captions of `minimum` to `maximum` code points. */
export function charactersFilter(rule: LengthRule): Filter {
  return lengthFilter(filterName('characters', rule.column, 'text'), rule, countCharacters, 1);
}
