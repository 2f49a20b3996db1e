/** Words of captions by attribute: in how many captions each occurs where the attribute is present, and where it is absent. */
import { type Tags, UNKNOWN } from '../../schemas/tags.js';
import type { Utf8Column } from '../tag/column.js';
import { foldCodePoint, NOT_WORD } from '../tag/fold.js';
import { ValueTable } from './value-table.js';

/** Longer words are passed over: they are not words. Bytes of UTF-8, ours. */
export const LONGEST_WORD = 64;
/** Words of a caption that are looked at, ours: later ones are passed over. */
export const MOST_WORDS = 256;

/** Cells of a word: captions, then by attribute those in which it is absent and present. The empty word stands for all captions. */
export function createWordTable(attributes: number, limit: number): ValueTable {
  // One more: the empty word is no word.
  return new ValueTable(limit + 1, 1 + 2 * attributes);
}

/** The distinct words of one caption, folded (`fold.ts`), one after the other in `bytes`. */
export interface CaptionWords {
  readonly bytes: Uint8Array;
  /** [MOST_WORDS + 1] */
  readonly offsets: Int32Array;
  /** Finds the words of `text[start .. end)` and returns how many there are. Invalid UTF-8 parts words. */
  find(text: Uint8Array, start: number, end: number): number;
}

/** Bytes of a code point in UTF-8 by its first byte's high four bits; 0: none begins so. */
const LENGTHS = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4);

/** First byte of a code point with so many bytes more. */
const FIRST_BYTES = [0, 0xc0, 0xe0, 0xf0];

function decoded(text: Uint8Array, at: number, length: number): number {
  if (length === 1) return text[at];
  let point = text[at] & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    if ((text[at + i] & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (text[at + i] & 0x3f);
  }
  return point;
}

/** Writes a code point and returns where the next one goes. */
function encoded(point: number, bytes: Uint8Array, at: number): number {
  if (point < 0x80) {
    bytes[at] = point;
    return at + 1;
  }
  const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  bytes[at] = FIRST_BYTES[more] | (point >> (6 * more));
  for (let i = 1; i <= more; i++) bytes[at + i] = 0x80 | ((point >> (6 * (more - i))) & 0x3f);
  return at + more + 1;
}

export function createCaptionWords(): CaptionWords {
  const bytes = new Uint8Array(MOST_WORDS * LONGEST_WORD + LONGEST_WORD);
  const offsets = new Int32Array(MOST_WORDS + 1);
  const hashes = new Int32Array(MOST_WORDS);

  function isNew(count: number, hash: number, end: number): boolean {
    const start = offsets[count];
    for (let w = 0; w < count; w++) {
      if (hashes[w] !== hash || offsets[w + 1] - offsets[w] !== end - start) continue;
      let i = start;
      while (i < end && bytes[i] === bytes[offsets[w] + i - start]) i++;
      if (i === end) return false;
    }
    return true;
  }

  return {
    bytes,
    offsets,
    find(text, start, end) {
      let count = 0;
      let words = 0;
      let at = 0;
      let hash = 0;
      let tooLong = false;
      for (let i = start; i <= end && words < MOST_WORDS; ) {
        const length = i < end ? LENGTHS[text[i] >> 4] : 0;
        const point = length === 0 || i + length > end ? -1 : decoded(text, i, length);
        const folded = point < 0 || point > 0x10ffff ? NOT_WORD : foldCodePoint(point);
        i += point < 0 ? 1 : length;
        if (folded !== NOT_WORD) {
          if (at - offsets[count] + 4 > LONGEST_WORD) tooLong = true;
          else at = encoded(folded, bytes, at);
          hash = Math.imul(hash ^ folded, 0x01000193);
          continue;
        }
        if (at > offsets[count]) {
          words++;
          if (!tooLong && isNew(count, hash, at)) {
            hashes[count++] = hash;
            offsets[count] = at;
          }
        }
        at = offsets[count];
        hash = 0;
        tooLong = false;
      }
      return count;
    },
  };
}

const NO_WORD = new Uint8Array(0);

/**
 * Adds the captions of the rows in `indices` of which at least one attribute is known.
 * @param levels [rows]
 */
export function addWords(
  table: ValueTable,
  words: CaptionWords,
  text: Utf8Column,
  tags: Tags,
  levels: Uint8Array,
  indices: Uint32Array,
): void {
  const m = tags.rows === 0 ? 0 : tags.attributes.length / tags.rows;
  const columns = new Int32Array(m + 1);
  for (const row of indices) {
    if (levels[row] < table.level || (text.valid !== undefined && text.valid[row] === 0)) continue;
    let n = 1;
    for (let k = 0; k < m; k++) {
      const s = tags.attributes[row * m + k];
      if (s < UNKNOWN) columns[n++] = 1 + 2 * k + s;
    }
    if (n === 1) continue;
    const count = words.find(text.values, text.offsets[row], text.offsets[row + 1]);
    for (let w = -1; w < count; w++) {
      const slot =
        w < 0
          ? table.slot(NO_WORD, 0, 0, levels[row])
          : table.slot(words.bytes, words.offsets[w], words.offsets[w + 1], levels[row]);
      if (slot < 0) break;
      const block = table.block(slot, 0);
      for (let i = 0; i < n; i++) table.cells[block + columns[i]]++;
    }
  }
}
