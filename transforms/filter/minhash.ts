/**
 * MinHash of captions, and its bands (Broder 1997; Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, 3.3 and 3.4).
 *
 * A caption is the set of its shingles: runs of words, hashed to 32 bits. Two captions with Jaccard similarity s have the same minimum
 * under one hash function with probability s, the same band of r minima with s^r, and some band of b in common with 1 - (1 - s^r)^b.
 */
import { ASCII_FOLD, BEYOND_ASCII, decodeUtf8, foldCodePoint, NOT_WORD } from '../tag/fold.js';
import { finish as mix } from './murmur3.js';

/** Words of a caption that are looked at, ours: later ones are passed over. */
export const MOST_WORDS = 512;
/** Probability, at least, that a pair just as similar as asked shares a band. Ours. */
export const LEAST_RECALL = 0.99;
const MOST_BANDS = 20;
/** More make buckets purer than they need be, as what is in them is compared anyhow. Ours. */
const MOST_ROWS = 5;
const GOLDEN = 0x9e3779b9;

export interface Bands {
  readonly bands: number;
  /** Minima of a band. */
  readonly rows: number;
}

/**
 * The longest bands, of at most 5 minima, of which at most 20 find a pair of this similarity with probability 0.99. There are such
 * from 0.21 on.
 * @throws RangeError for less.
 */
export function bandsFor(similarity: number): Bands {
  for (let rows = MOST_ROWS; rows > 0; rows--) {
    const together = similarity ** rows;
    const bands = together >= 1 ? 1 : Math.ceil(Math.log(1 - LEAST_RECALL) / Math.log1p(-together));
    if (bands <= MOST_BANDS) return { bands, rows };
  }
  throw new RangeError(`no ${MOST_BANDS} bands find pairs of similarity ${similarity}`);
}

/** Scripts without spaces between words: each of their letters counts as a word. */
const UNSPACED = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]$/u;
/** First code point of the scripts in UNSPACED. */
const FIRST_UNSPACED = 0x0e00;
const unspaced = new Map<number, boolean>();

function isUnspaced(point: number): boolean {
  if (point < FIRST_UNSPACED) return false;
  let is = unspaced.get(point);
  if (is === undefined) {
    is = UNSPACED.test(String.fromCodePoint(point));
    unspaced.set(point, is);
  }
  return is;
}

/** The shingles of captions, one caption at a time. */
export interface Shingler {
  /** [MOST_WORDS]: those of the last caption, ascending, each once. */
  readonly shingles: Uint32Array;
  /** Finds the shingles of `text[start .. end)` and returns how many there are: none where it has no word. */
  find(text: Uint8Array, start: number, end: number): number;
}

/**
 * Words are as `fold.ts` has them, folded; a letter of Han, kana, Thai, Lao, Khmer or Burmese is a word. Invalid UTF-8 parts words.
 * @param width words of a shingle, at least 1; all of them, in a caption that has fewer.
 */
export function createShingler(width: number): Shingler {
  const shingles = new Uint32Array(MOST_WORDS);
  const words = new Int32Array(MOST_WORDS);

  function findWords(text: Uint8Array, start: number, end: number): number {
    let count = 0;
    let hash = 0;
    let inside = false;
    for (let i = start; i < end && count < MOST_WORDS; ) {
      let folded: number = ASCII_FOLD[text[i]!]!;
      if (folded === BEYOND_ASCII) {
        const decoded = decodeUtf8(text, i, end);
        i += decoded < 0 ? 1 : decoded & 7;
        const point = decoded >> 3;
        folded = decoded < 0 ? 0 : foldCodePoint(point);
        if (folded === NOT_WORD) folded = 0;
        if (folded !== 0 && isUnspaced(point)) {
          if (inside) words[count++] = mix(hash);
          inside = false;
          hash = 0;
          if (count < MOST_WORDS) words[count++] = mix(Math.imul(folded, GOLDEN));
          continue;
        }
      } else i++;
      if (folded !== 0) {
        hash = Math.imul(hash ^ folded, 0x01000193) + GOLDEN;
        inside = true;
      } else if (inside) {
        words[count++] = mix(hash);
        inside = false;
        hash = 0;
      }
    }
    if (inside && count < MOST_WORDS) words[count++] = mix(hash);
    return count;
  }

  return {
    shingles,
    find(text, start, end) {
      const count = findWords(text, start, end);
      if (count === 0) return 0;
      const size = Math.min(width, count);
      const all = count - size + 1;
      for (let i = 0; i < all; i++) {
        let hash = size;
        for (let w = 0; w < size; w++) hash = mix(Math.imul(hash, 31) + words[i + w]!);
        shingles[i] = hash;
      }
      const sorted = shingles.subarray(0, all);
      if (all > 1) sorted.sort();
      let distinct = 1;
      for (let i = 1; i < all; i++) if (sorted[i] !== sorted[i - 1]) shingles[distinct++] = sorted[i]!;
      return distinct;
    },
  };
}

/**
 * Hashes of the bands of a set of shingles.
 * @returns a function of shingles [count or more], count (at least 1), and out [bands], uint32.
 */
export function createBandHasher({ bands, rows }: Bands): (set: Uint32Array, count: number, out: Uint32Array) => void {
  const seeds = Int32Array.from({ length: bands * rows }, (_, i) => mix(Math.imul(i + 1, GOLDEN)));
  return (set, count, out) => {
    for (let band = 0; band < bands; band++) {
      let hash = band;
      for (let row = 0; row < rows; row++) {
        const seed = seeds[band * rows + row]!;
        let least = 0x7fff_ffff;
        for (let i = 0; i < count; i++) {
          const value = mix(set[i]! ^ seed);
          if (value < least) least = value;
        }
        hash = mix(Math.imul(hash, 31) + least);
      }
      out[band] = hash;
    }
  };
}
