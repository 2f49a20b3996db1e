/** Rows that a benchmark makes, batch by batch, into a file. */
import { renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Data, makeData, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { type BatchWriter, parquetWriter } from '../formats/index.js';

const BATCH_ROWS = 16_384;
const ROW_GROUP_ROWS = 131_072;

/** A writer of Parquet: snappy, row groups of 131,072. */
export const snappyParquet = (schema: Schema) =>
  parquetWriter(schema, { compression: 'snappy', rowGroupRows: ROW_GROUP_ROWS });

export interface RowsToSave {
  readonly schema: Schema;
  readonly writer: BatchWriter;
  readonly rows: number;
  readonly batchRows?: number;
  /** The columns of the rows from..from + length. */
  columns(from: number, length: number): Data[];
}

/** The file has its name when it is whole. */
export async function saveRows(file: string, { schema, writer, rows, batchRows = BATCH_ROWS, columns }: RowsToSave) {
  const partial = `${file}.part`;
  const out = await open(partial, 'w');
  for (let from = 0; from < rows; from += batchRows) {
    const length = Math.min(batchRows, rows - from);
    const children = columns(from, length);
    const batch = new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, children }));
    for (const bytes of await writer.write(batch)) await out.write(bytes);
  }
  for (const bytes of await writer.close()) await out.write(bytes);
  await out.close();
  renameSync(partial, file);
}
