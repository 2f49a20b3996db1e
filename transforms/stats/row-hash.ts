/**
 * The random number of each row: of its id and, where it has none, of its file's name and its place in the file. So it is the same in
 * every run that reads the row, however the runs part the files.
 */
import { basename } from 'node:path';
import { type Data, Int64, makeData, type RecordBatch } from 'apache-arrow';
import { hashIds } from '../filter/hash.js';
import { murmur3Pair } from '../filter/murmur3.js';
import type { InputPlan } from '../read/plan.js';
import { splitAt } from '../read/reader.js';
import { columnData, hasColumn } from '../tag/column.js';

/** Ours: any number does; it differs from the seeds of balance, which resamples by the same ids. */
const SEED = 0x6d34_7374;
/** A row's level is at most this: one in 2^31 rows has it. */
export const MAXIMUM_LEVEL = 31;

interface FilePlace {
  /** Global row number of the file's first row. */
  readonly firstRow: number;
  readonly seed: number;
}

/** Where each file of a plan begins, in order. Files in several folders may share a name: their rows then share numbers, which does no harm. */
function filePlaces(plan: InputPlan): FilePlace[] {
  const places: FilePlace[] = [];
  const pair = new Uint32Array(2);
  let firstRow = 0;
  for (const { path, groups } of plan.files) {
    const name = Buffer.from(basename(path));
    murmur3Pair(name, 0, name.length, SEED, 0, pair);
    places.push({ firstRow, seed: pair[0] });
    firstRow += groups.reduce((sum, group) => sum + group.rows, 0);
  }
  return places;
}

/** [rows] numbers uniform in [0, 1) of a batch, whose `firstRow` is counted over the whole input. */
export type RowRandoms = (batch: RecordBatch, firstRow: number) => Float64Array;

/** The function throws InputError where the ids are neither strings nor integers. */
export function createRowRandoms(plan: InputPlan): RowRandoms {
  const places = filePlaces(plan);
  return (batch, firstRow) => {
    const ids = hasColumn(batch, 'id') && !plan.rowNumberIds ? columnData(batch, 'id') : undefined;
    // A batch is of one file.
    const place = places[splitAt(places, firstRow)]!;
    const random = new Float64Array(batch.numRows);
    rowHashes(ids, firstRow, place, random);
    return random;
  };
}

function rowHashes(ids: Data | undefined, firstRow: number, place: FilePlace, out: Float64Array): void {
  if (ids === undefined) out.fill(Number.NaN);
  else hashIds(ids, SEED, out);
  const without: number[] = [];
  for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i])) without.push(i);
  if (without.length === 0) return;
  const numbers = BigInt64Array.from(without, (i) => BigInt(firstRow - place.firstRow + i));
  const some = new Float64Array(without.length);
  hashIds(makeData({ type: new Int64(), length: without.length, nullCount: 0, data: numbers }), place.seed, some);
  without.forEach((i, at) => {
    out[i] = some[at];
  });
}

/** How many halvings of the rows a row outlives: the number of zero bits that its random number begins with. */
export function levelOf(random: number): number {
  return random < 2 ** -MAXIMUM_LEVEL ? MAXIMUM_LEVEL : Math.min(MAXIMUM_LEVEL, Math.ceil(-Math.log2(random)) - 1);
}
