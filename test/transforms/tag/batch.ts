/** Batches for tests, and awkward forms of them: slices that start within a byte of a bitmap. */
import {
  Field as ArrowField,
  type Field,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import type { ColumnInfo } from '../../../schemas/split.js';

/** One batch of the given columns. Strings of type Utf8 unless a Vector is given. */
export function batchOf(columns: Record<string, Vector | readonly (string | null)[]>): RecordBatch {
  const vectors = Object.entries(columns).map(([name, column]) => {
    const vector = Array.isArray(column)
      ? vectorFromArray(column as (string | null)[], new Utf8())
      : (column as Vector);
    return { field: new ArrowField(name, vector.type, true), data: vector.data[0]! };
  });
  const schema = new Schema(vectors.map(({ field }) => field));
  const length = vectors[0]?.data.length ?? 0;
  const type = new Struct(schema.fields as Field[]);
  return new RecordBatch(
    schema,
    makeData({ type, length, nullCount: 0, children: vectors.map(({ data }) => data) }) as never,
  );
}

/** Lists of strings. */
export function lists(values: readonly (readonly (string | null)[] | null)[]): Vector {
  return vectorFromArray(values as never[], new List(new ArrowField('item', new Utf8(), true)));
}

/** What a footer would say of the batch's columns. */
export function infoOf(batch: RecordBatch): ColumnInfo[] {
  return batch.schema.fields.map(({ name, type, nullable }) => ({ name, type: `${type}`, nullable }));
}
