/**
 * Exact first occurrence of each id over the whole input, in bounded memory: rows are split by hash into 256 buckets, each of
 * which is then searched by itself.
 *
 * Ids are compared by the 128 bits of MurmurHash3_x86_128 of their bytes. Among n distinct ids two fall together by chance with
 * probability below n^2 / 2^129: 1.5e-19 for ten billion. Murmur3 is no cryptographic hash: who chooses ids on purpose can make
 * two of them collide, and so have one of their own rows dropped; nothing else follows from it. Columns of bytes, such as images,
 * are compared by the first 128 bits of their SHA-256, of which no collision is known.
 */
import { createHash } from 'node:crypto';
import { DataType } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { bytesOf } from '../tag/column.js';
import { idBytes } from './hash.js';
import { murmur3Wide } from './murmur3.js';
import { joinedRuns, type SpillRuns } from './spill-runs.js';

/** Buckets, by the top byte of the hash. */
export const BUCKETS = 256;
/** uint32 words of a record: four of hash, then low and high word of the global row number. */
const RECORD_WORDS = 6;
export const RECORD_BYTES = RECORD_WORDS * 4;
const HASH_SEED = 0x6d346964;
const TWO_32 = 2 ** 32;

/** The first 128 bits of the SHA-256 of `bytes`, to `out` [4]. */
function sha256Wide(bytes: Uint8Array, out: Uint32Array): void {
  const digest = createHash('sha256').update(bytes).digest();
  for (let word = 0; word < 4; word++) out[word] = digest.readUInt32LE(word * 4);
}

/** Empty runs, of records of RECORD_BYTES each. Runs of one bucket may be cut and concatenated anyhow. */
export function createDuplicateRuns(): SpillRuns {
  const runs: Uint32Array[] = Array.from({ length: BUCKETS }, () => new Uint32Array(0));
  const used = new Float64Array(BUCKETS);
  let words = 0;
  return {
    buckets: BUCKETS,
    get bytes() {
      return words * 4;
    },
    append(name, data, firstRow, drop) {
      const binary = DataType.isBinary(data.type);
      const ids = binary ? bytesOf(name, data) : idBytes(name, data);
      const hash = new Uint32Array(4);
      for (let i = 0; i < ids.rows; i++) {
        if ((ids.valid !== undefined && ids.valid[i] === 0) || (drop !== undefined && drop[i] !== 0)) continue;
        if (binary) sha256Wide(ids.values.subarray(ids.offsets[i]!, ids.offsets[i + 1]!), hash);
        else murmur3Wide(ids.values, ids.offsets[i]!, ids.offsets[i + 1]!, HASH_SEED, hash, 0);
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

/** Each number of an ascending list once. */
export function withoutRepeats(sorted: Float64Array): Float64Array {
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}

/**
 * The rows of one bucket that are not the first of their id.
 * @param runs all runs of the bucket, in any order.
 * @returns their global row numbers, ascending; the same for any order of the runs.
 */
export function findDuplicates(runs: readonly Uint8Array[]): Float64Array {
  const words = joinedRuns(runs);
  const records = words.length / RECORD_WORDS;
  if (!Number.isInteger(records))
    throw new InvariantError(`${words.length} words are not whole records of ${RECORD_WORDS}`);
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
