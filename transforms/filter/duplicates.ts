/**
 * Exact first occurrence of each id over the whole input, in bounded memory: rows are split by hash into 256 buckets, each of
 * which is then searched by itself.
 *
 * Ids are compared by the 128 bits of MurmurHash3_x86_128 of their bytes. Among n distinct ids two fall together by chance with
 * probability below n^2 / 2^129: 1.5e-19 for ten billion. Murmur3 is no cryptographic hash: who chooses ids on purpose can make
 * two of them collide, and so have one of their own rows dropped; nothing else follows from it.
 */
import type { Data } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { idBytes } from './hash.js';
import { murmur3Wide } from './murmur3.js';

/** Buckets, by the top byte of the hash. */
export const BUCKETS = 256;
/** uint32 words of a record: four of hash, then low and high word of the global row number. */
const RECORD_WORDS = 6;
export const RECORD_BYTES = RECORD_WORDS * 4;
const HASH_SEED = 0x6d346964;
const TWO_32 = 2 ** 32;

/** Records waiting to be spilled, by bucket. */
export interface DuplicateRuns {
  /** Bytes held over all buckets. */
  readonly bytes: number;
  /**
   * Appends the rows of a batch; null ids are left out, as are rows where `drop` [rows] is not 0.
   * @param firstRow global row number of the batch's first row.
   */
  append(name: string, data: Data, firstRow: number, drop?: Uint8Array): void;
  /** The records of a bucket as bytes (little-endian, RECORD_BYTES each), which the bucket then forgets. */
  take(bucket: number): Uint8Array;
}

/** Empty runs. Runs of one bucket may be cut and concatenated anyhow. */
export function createDuplicateRuns(): DuplicateRuns {
  const runs: Uint32Array[] = Array.from({ length: BUCKETS }, () => new Uint32Array(0));
  const used = new Float64Array(BUCKETS);
  let words = 0;
  return {
    get bytes() {
      return words * 4;
    },
    append(name, data, firstRow, drop) {
      const ids = idBytes(name, data);
      const hash = new Uint32Array(4);
      for (let i = 0; i < ids.rows; i++) {
        if ((ids.valid !== undefined && ids.valid[i] === 0) || (drop !== undefined && drop[i] !== 0)) continue;
        murmur3Wide(ids.values, ids.offsets[i]!, ids.offsets[i + 1]!, HASH_SEED, hash, 0);
        const bucket = hash[0]! >>> 24;
        const at = used[bucket]!;
        if (at === runs[bucket]!.length) {
          const larger = new Uint32Array(Math.max(RECORD_WORDS * 64, at * 2));
          larger.set(runs[bucket]!);
          runs[bucket] = larger;
        }
        const run = runs[bucket]!;
        run.set(hash, at);
        run[at + 4] = firstRow + i;
        run[at + 5] = (firstRow + i) / TWO_32;
        used[bucket] = at + RECORD_WORDS;
        words += RECORD_WORDS;
      }
    },
    take(bucket) {
      const taken = runs[bucket]!.slice(0, used[bucket]!);
      words -= taken.length;
      used[bucket] = 0;
      runs[bucket] = new Uint32Array(0);
      return new Uint8Array(taken.buffer);
    },
  };
}

function joined(runs: readonly Uint8Array[]): Uint32Array {
  const bytes = runs.reduce((sum, run) => sum + run.length, 0);
  if (bytes % RECORD_BYTES !== 0) throw new InvariantError(`${bytes} bytes are not whole records of ${RECORD_BYTES}`);
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return new Uint32Array(all.buffer);
}

function withoutRepeats(sorted: Float64Array): Float64Array {
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}

/**
 * The rows of one bucket that are not the first of their id.
 * @param runs all runs of the bucket, in any order.
 * @returns their global row numbers, ascending; the same for any order of the runs.
 */
export function findDuplicates(runs: readonly Uint8Array[]): Float64Array {
  const words = joined(runs);
  const records = words.length / RECORD_WORDS;
  const mask = 2 ** Math.ceil(Math.log2(Math.max(2, records * 2))) - 1;
  const first = new Int32Array(mask + 1).fill(-1);
  const rowOf = (record: number): number =>
    words[record * RECORD_WORDS + 4]! + words[record * RECORD_WORDS + 5]! * TWO_32;
  const duplicates = new Float64Array(records);
  let count = 0;
  for (let record = 0; record < records; record++) {
    const at = record * RECORD_WORDS;
    // The first word's top byte is the bucket's; the last word is as good as random within it.
    let slot = words[at + 3]! & mask;
    while (true) {
      const other = first[slot]!;
      if (other < 0) {
        first[slot] = record;
        break;
      }
      const b = other * RECORD_WORDS;
      if (
        words[at] === words[b] &&
        words[at + 1] === words[b + 1] &&
        words[at + 2] === words[b + 2] &&
        words[at + 3] === words[b + 3]
      ) {
        // A run that was spilled twice, by a retry, repeats its records.
        if (rowOf(record) === rowOf(other)) break;
        if (rowOf(record) < rowOf(other)) {
          duplicates[count++] = rowOf(other);
          first[slot] = record;
        } else duplicates[count++] = rowOf(record);
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return withoutRepeats(duplicates.slice(0, count).sort());
}
