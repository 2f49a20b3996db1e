/** Columns that are not the input's, attached to its batches as they are read. */
import { type Data, type Field, makeData, RecordBatch, Schema, Struct } from 'apache-arrow';
import type { Split } from '../../schemas/split.js';

export interface Attached {
  readonly fields: readonly Field[];
  /** For the rows of a split: the columns of `rows` rows from row `from` of the split on. */
  open(split: Split): Promise<(from: number, rows: number) => Promise<Data[]>>;
}

/** The batch with columns after its own. */
export function withColumns(batch: RecordBatch, fields: readonly Field[], data: readonly Data[]): RecordBatch {
  const schema = new Schema([...batch.schema.fields, ...fields]);
  const children = [...batch.data.children, ...data];
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}
