/** Randomness of the job: a hash of (seed, id), never a generator, so that it is the same after any retry, on any runner. */
import { type Data, DataType } from 'apache-arrow';
import { type Utf8Column, utf8Of, validity } from '../tag/column.js';
import { murmur3Pair } from './murmur3.js';

/** Turns the seed into a second, unlike one: 2^32 over the golden ratio, odd. */
const SECOND_SEED = 0x9e3779b9;
const TWO_26 = 2 ** 26;
const TWO_MINUS_53 = 2 ** -53;
const LONGEST_INTEGER = 20;
const encoder = new TextEncoder();

/**
 * Ids as bytes: strings as they are, integers as their decimal digits, so that 7 and "7" are one id.
 * @throws InputError naming the column where it is of another type.
 */
export function idBytes(name: string, data: Data): Utf8Column {
  if (!DataType.isInt(data.type)) return utf8Of(name, data);
  const rows = data.length;
  const raw = data.values as Int32Array | BigInt64Array;
  const offsets = new Int32Array(rows + 1);
  const valid = validity(data);
  let values: Uint8Array = new Uint8Array(Math.max(64, rows * 8));
  for (let i = 0; i < rows; i++) {
    const at = offsets[i]!;
    if (at + LONGEST_INTEGER > values.length) {
      const larger = new Uint8Array(values.length * 2);
      larger.set(values);
      values = larger;
    }
    offsets[i + 1] =
      at +
      (valid !== undefined && valid[i] === 0 ? 0 : encoder.encodeInto(String(raw[i]), values.subarray(at)).written);
  }
  return { rows, offsets, values, ...(valid && { valid }) };
}

/**
 * Hashes ids to numbers uniform in [0, 1), multiples of 2^-53: the top 27 and 26 bits of two MurmurHash3_x86_32 of the id's
 * bytes under `seed` and `seed ^ 0x9e3779b9`.
 * @param data the id column: strings or integers.
 * @param out [rows]; NaN where the id is null.
 * @throws InputError where the column holds neither strings nor integers.
 */
export function hashIds(data: Data, seed: number, out: Float64Array): void {
  const { rows, offsets, values, valid } = idBytes('id', data);
  const pair = new Uint32Array(2);
  const second = (seed ^ SECOND_SEED) >>> 0;
  for (let i = 0; i < rows; i++) {
    murmur3Pair(values, offsets[i]!, offsets[i + 1]!, seed, second, pair);
    out[i] = ((pair[0]! >>> 5) * TWO_26 + (pair[1]! >>> 6)) * TWO_MINUS_53;
  }
  if (valid !== undefined) for (let i = 0; i < rows; i++) if (valid[i] === 0) out[i] = Number.NaN;
}
