/** Input files of tests: the same rows as Parquet, Arrow file or Arrow stream, cut as a test wants. */
import { writeFileSync } from 'node:fs';
import {
  RecordBatch as Batch,
  type Data,
  type DataType,
  Field,
  makeData,
  type RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  vectorFromArray,
} from 'apache-arrow';
import { arrowWriter, type BatchWriter, parquetWriter } from '../../formats/index.js';

export interface Column {
  readonly type: DataType;
  readonly values: readonly unknown[];
}

/** A batch of columns by name, in the order given; a pair list, because names of columns may be `__proto__` or repeat. */
export function batchOf(columns: readonly (readonly [name: string, column: Column])[]): RecordBatch {
  const rows = columns[0]![1].values.length;
  const fields = columns.map(([name, { type }]) => new Field(name, type, true));
  const children = columns.map(([, { type, values }]): Data => {
    // Of no values vectorFromArray makes no data.
    return vectorFromArray(values as never[], type).data[0] ?? makeData({ type, length: 0, nullCount: 0 } as never);
  });
  const type = new Struct(fields);
  return new Batch(new Schema(fields), makeData({ type, length: rows, nullCount: 0, children }));
}

async function save(path: string, writer: BatchWriter, batch: RecordBatch): Promise<void> {
  const chunks: Uint8Array[] = [];
  for (const chunk of await writer.write(batch)) chunks.push(chunk.slice());
  for (const chunk of await writer.close()) chunks.push(chunk.slice());
  writeFileSync(path, Buffer.concat(chunks));
}

export function saveParquet(
  path: string,
  batch: RecordBatch,
  rowGroupRows?: number,
  compression: 'snappy' | 'none' = 'snappy',
): Promise<void> {
  const rows = rowGroupRows === undefined ? {} : { rowGroupRows };
  return save(path, parquetWriter(batch.schema, { compression, ...rows }), batch);
}

export function saveArrow(path: string, batch: RecordBatch, recordBatchRows?: number): Promise<void> {
  return save(path, arrowWriter(batch.schema, recordBatchRows === undefined ? {} : { recordBatchRows }), batch);
}

/** An Arrow stream as apache-arrow writes it. */
export function saveStream(path: string, batch: RecordBatch, recordBatchRows: number): void {
  const writer = new RecordBatchStreamWriter();
  for (let row = 0; row < batch.numRows; row += recordBatchRows) writer.write(batch.slice(row, row + recordBatchRows));
  writer.finish();
  writeFileSync(path, writer.toUint8Array(true));
}

/** Vectors of one length as an `.npy` file of float32. */
export function saveNpy(path: string, vectors: readonly (readonly number[])[]): void {
  const shape = `(${vectors.length}, ${vectors[0]!.length})`;
  const header = `${`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)}\n`;
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  const data = Buffer.from(Float32Array.from(vectors.flat()).buffer);
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(header), data]));
}
