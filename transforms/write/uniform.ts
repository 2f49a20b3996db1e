/** The random number of each row: a hash of (seed, id), and of (seed, row number) where the id is null. */
import { type Data, Int64, makeData } from 'apache-arrow';
import { hashIds } from '../filter/hash.js';

/**
 * Fills `out` [rows] with numbers uniform in [0, 1).
 * @param rowNumbers [rows] global row numbers: the same however the input is cut.
 * @throws InputError where the ids are neither strings nor integers.
 */
export function uniforms(ids: Data, rowNumbers: Float64Array, seed: number, out: Float64Array): void {
  hashIds(ids, seed, out);
  const missing: number[] = [];
  for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i])) missing.push(i);
  if (missing.length === 0) return;
  const numbers = BigInt64Array.from(missing, (i) => BigInt(rowNumbers[i]));
  const some = new Float64Array(missing.length);
  hashIds(makeData({ type: new Int64(), length: missing.length, nullCount: 0, data: numbers }), seed, some);
  missing.forEach((i, at) => {
    out[i] = some[at];
  });
}
