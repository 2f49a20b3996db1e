/** Rows of a Parquet file in memory, for contestants. */
import type { RecordBatch } from 'apache-arrow';
import { parquet } from '../formats/parquet.js';
import type { ColumnInfo } from '../schemas/split.js';
import { storageFor } from '../storage/index.js';

export interface InMemory {
  /** All columns of the file. */
  readonly columns: readonly ColumnInfo[];
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
}

/** The first `most` rows of the columns `wanted`. */
export async function inMemory(file: string, wanted: readonly string[], most = Infinity): Promise<InMemory> {
  const source = await storageFor(file).open(file);
  const { columns, groups } = await parquet.plan(source);
  const batches: RecordBatch[] = [];
  let rows = 0;
  for (let group = 0; group < groups.length && rows < most; group++)
    for await (const batch of parquet.read(source, group, wanted)) {
      if (rows >= most) break;
      batches.push(batch.slice(0, Math.min(most - rows, batch.numRows)));
      rows += batches.at(-1)!.numRows;
    }
  return { columns, batches, rows };
}
