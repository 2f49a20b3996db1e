/**
 * Near duplicates over the whole input, in bounded memory: rows are split by band and by the hash of the band, and each part is searched by itself.
 *
 * A record carries the shingles, so that rows which share a band are compared by their true Jaccard similarity: what is found is that
 * similar (but for chance collisions of 32-bit hashes), and what is missed is missed by the bands, or in a bucket of very many
 * (`MOST_COMPARED`). A row is found where an earlier one is similar, whether that one is found itself or not: so each pair is judged by
 * itself, and bands, parts and runs may come in any order.
 *
 * Many rows of one caption would all be in the same parts. So a row whose set of shingles is that of an earlier row of the same runs is
 * known to be found, and all that is kept of it is its number, in any part.
 */
import type { Data } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { utf8Of } from '../tag/column.js';
import { withoutRepeats } from './duplicates.js';
import { bandsFor, createBandHasher, createShingler } from './minhash.js';
import { murmur3Wide } from './murmur3.js';
import { joinedRuns, type SpillRuns } from './spill-runs.js';

export interface NearRule {
  /** Jaccard similarity of the shingles from which on two captions are near duplicates. */
  readonly similarity: number;
  /** Words of a shingle. */
  readonly shingle: number;
}

/**
 * uint32 words of a record before its shingles: hash of the band, low and high word of the global row number, number of shingles. One
 * without shingles is of a row that is known to be found.
 */
const HEAD_WORDS = 4;
const FIRST_WORDS = 256;
const TWO_32 = 2 ** 32;
/** Bytes of the records of a part, about, and of a record of a caption as captions are. Ours. */
const PART_BYTES = 16 << 20;
const USUAL_RECORD_BYTES = 64;
const MOST_PARTS = 256;
/** What a row's set takes in the map of the sets that are held, about. */
const MAPPED_BYTES = 40;
const SET_SEED = 0x6d34_7365;
/**
 * Of the different sets of shingles in one bucket, so many of the earliest rows' are compared with; a set that is equal to any other is
 * found all the same. Bounds what a hostile input can cost. Ours.
 */
export const MOST_COMPARED = 1000;

/** 53 bits of the MurmurHash3_x86_128 of a set of shingles, where their bytes lie. */
function createSetHash(): (bytes: Uint8Array, start: number, end: number) => number {
  const hash = new Uint32Array(4);
  return (bytes, start, end) => {
    murmur3Wide(bytes, start, end, SET_SEED, hash, 0);
    return hash[0]! * 2 ** 21 + (hash[1]! >>> 11);
  };
}

/** Parts of each band, for an input of so many rows. */
export function partsFor(rows: number): number {
  return Math.min(MOST_PARTS, Math.max(1, Math.ceil((rows * USUAL_RECORD_BYTES) / PART_BYTES)));
}

/** Empty runs, a bucket for each part of each band. Captions without a word are left out like nulls. */
export function createNearRuns({ similarity, shingle }: NearRule, parts: number): SpillRuns {
  const shape = bandsFor(similarity);
  const shingler = createShingler(shingle);
  const hashBands = createBandHasher(shape);
  const hashes = new Uint32Array(shape.bands);
  const buckets = shape.bands * parts;
  const runs: Uint32Array[] = Array.from({ length: buckets }, () => new Uint32Array(0));
  const used = new Float64Array(buckets);
  const setHash = createSetHash();
  const shingleBytes = new Uint8Array(shingler.shingles.buffer);
  /** The row of each set that is held, by its hash. */
  const rowOfSet = new Map<number, number>();
  let words = 0;

  function add(bucket: number, hash: number, row: number, count: number): void {
    const at = used[bucket]!;
    const end = at + HEAD_WORDS + count;
    if (end > runs[bucket]!.length) {
      const larger = new Uint32Array(Math.max(FIRST_WORDS, end, at * 2));
      larger.set(runs[bucket]!.subarray(0, at));
      runs[bucket] = larger;
    }
    const run = runs[bucket]!;
    run[at] = hash;
    run[at + 1] = row;
    run[at + 2] = row / TWO_32;
    run[at + 3] = count;
    for (let i = 0; i < count; i++) run[at + HEAD_WORDS + i] = shingler.shingles[i]!;
    used[bucket] = end;
    words += HEAD_WORDS + count;
  }

  return {
    buckets,
    get bytes() {
      return words * 4 + rowOfSet.size * MAPPED_BYTES;
    },
    append(name: string, data: Data, firstRow: number, drop?: Uint8Array) {
      const text = utf8Of(name, data);
      for (let i = 0; i < text.rows; i++) {
        if ((text.valid !== undefined && text.valid[i] === 0) || (drop !== undefined && drop[i] !== 0)) continue;
        const count = shingler.find(text.values, text.offsets[i]!, text.offsets[i + 1]!);
        if (count === 0) continue;
        const row = firstRow + i;
        const set = setHash(shingleBytes, 0, count * 4);
        const first = rowOfSet.get(set);
        if (first !== undefined && first < row) {
          add(row % buckets, 0, row, 0);
          continue;
        }
        rowOfSet.set(set, row);
        hashBands(shingler.shingles, count, hashes);
        for (let band = 0; band < shape.bands; band++) {
          const hash = hashes[band]!;
          add(band * parts + (hash % parts), hash, row, count);
        }
      }
    },
    take(bucket) {
      const taken = runs[bucket]!.slice(0, used[bucket]!);
      words -= taken.length;
      used[bucket] = 0;
      runs[bucket] = new Uint32Array(0);
      rowOfSet.clear();
      return new Uint8Array(taken.buffer);
    },
  };
}

/** Where each record begins. */
function recordStarts(words: Uint32Array): number[] {
  const starts: number[] = [];
  let at = 0;
  for (; at + HEAD_WORDS <= words.length; at += HEAD_WORDS + words[at + 3]!) starts.push(at);
  if (at !== words.length)
    throw new InvariantError(`${words.length * 4} bytes are not whole records of near duplicates`);
  return starts;
}

/** Those of `starts` whose band another of them shares. */
function sharedRecords(words: Uint32Array, starts: readonly number[]): number[] {
  const mask = 2 ** Math.ceil(Math.log2(Math.max(2, starts.length * 2))) - 1;
  /** [slots]: 1 more than the place of the first record of a band, and whether there is another. */
  const first = new Float64Array(mask + 1);
  const shared = new Uint8Array(mask + 1);
  const slots = new Int32Array(starts.length);
  starts.forEach((at, record) => {
    const hash = words[at]!;
    let slot = Math.imul(hash, 0x9e3779b1) & mask;
    while (first[slot] !== 0 && words[first[slot]! - 1] !== hash) slot = (slot + 1) & mask;
    if (first[slot] === 0) first[slot] = at + 1;
    else shared[slot] = 1;
    slots[record] = slot;
  });
  return starts.filter((_, record) => shared[slots[record]!] === 1);
}

/** Whether the sets of the records at `a` and `b` have at least this Jaccard similarity. */
function similar(words: Uint32Array, a: number, b: number, similarity: number): boolean {
  const sizeA = words[a + 3]!;
  const sizeB = words[b + 3]!;
  if (Math.min(sizeA, sizeB) / Math.max(sizeA, sizeB) < similarity) return false;
  let i = a + HEAD_WORDS;
  let j = b + HEAD_WORDS;
  const endA = i + sizeA;
  const endB = j + sizeB;
  let both = 0;
  while (i < endA && j < endB) {
    const x = words[i]!;
    const y = words[j]!;
    if (x === y) both++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return both / (sizeA + sizeB - both) >= similarity;
}

/**
 * The rows of one part that come after a similar one.
 * @param runs all runs of the part, in any order; a run may be there twice.
 * @returns their global row numbers, ascending; the same for any order of the runs.
 * @throws InvariantError for records that were cut off.
 */
export function findNear(runs: readonly Uint8Array[], similarity: number): Float64Array {
  const words = joinedRuns(runs);
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const rowOf = (at: number): number => words[at + 1]! + words[at + 2]! * TWO_32;
  const starts = recordStarts(words);
  const found = starts.filter((at) => words[at + 3] === 0).map(rowOf);
  const records = sharedRecords(
    words,
    starts.filter((at) => words[at + 3] !== 0),
  ).sort((a, b) => words[a]! - words[b]! || rowOf(a) - rowOf(b));
  const setHash = createSetHash();
  /** Different sets of this bucket: their hashes, and the records of the earliest rows'. */
  const sets = new Set<number>();
  let earlier: number[] = [];
  let last = -1;
  for (const record of records) {
    const sameBucket = last >= 0 && words[last] === words[record];
    // A run that was spilled twice, by a retry, repeats its records.
    if (sameBucket && rowOf(last) === rowOf(record)) continue;
    if (!sameBucket) {
      sets.clear();
      earlier = [];
    }
    last = record;
    const start = (record + HEAD_WORDS) * 4;
    const set = setHash(bytes, start, start + words[record + 3]! * 4);
    if (sets.has(set) || earlier.some((other) => similar(words, other, record, similarity))) found.push(rowOf(record));
    if (!sets.has(set) && earlier.length < MOST_COMPARED) earlier.push(record);
    sets.add(set);
  }
  return withoutRepeats(Float64Array.from(found).sort());
}
