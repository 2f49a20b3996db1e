/** Records of rows that wait to be spilled, by bucket: each bucket is later searched by itself. */
import type { Data } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';

export interface SpillRuns {
  readonly buckets: number;
  /** Bytes held over all buckets. */
  readonly bytes: number;
  /**
   * Appends the rows of a batch; nulls are left out, as are rows where `drop` [rows] is not 0.
   * @param name the column's, for messages.
   * @param firstRow global row number of the batch's first row.
   */
  append(name: string, data: Data, firstRow: number, drop?: Uint8Array): void;
  /** The records of a bucket as bytes (uint32, little-endian), which the bucket then forgets. */
  take(bucket: number): Uint8Array;
}

/** Runs one after the other: of a single one no copy, where it lies as words do. Throws InvariantError where they are not of whole uint32. */
export function joinedRuns(runs: readonly Uint8Array[]): Uint32Array {
  const bytes = runs.reduce((sum, run) => sum + run.length, 0);
  if (bytes % 4 !== 0) throw new InvariantError(`${bytes} bytes are not whole words`);
  const [only] = runs;
  if (runs.length === 1 && only!.byteOffset % 4 === 0)
    return new Uint32Array(only!.buffer, only!.byteOffset, bytes / 4);
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return new Uint32Array(all.buffer);
}
