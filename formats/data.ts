import { Data, type DataType, RecordBatch, type Schema, Struct, Type } from 'apache-arrow';

/**
 * How this folder sees Arrow data. apache-arrow's own slices keep `offset` for bitmaps only (validity, and the values of Bool): offsets, values and
 * children of a slice are views that already start at its first row. Everything here honours that, and everything made here has offset 0.
 */

/** What of a type decides how its buffers are copied. */
export type Layout = 'null' | 'bool' | 'fixed' | 'bytes' | 'list' | 'fixedList' | 'struct';

/** The layout of a type's buffers, or undefined for those that are not carried in batches (unions, large offsets, views). */
export function layoutOf(type: DataType): Layout | undefined {
  switch (type.typeId) {
    case Type.Null:
      return 'null';
    case Type.Bool:
      return 'bool';
    case Type.Utf8:
    case Type.Binary:
      return 'bytes';
    case Type.List:
    case Type.Map:
      return 'list';
    case Type.FixedSizeList:
      return 'fixedList';
    case Type.Struct:
      return 'struct';
    case Type.Int:
    case Type.Float:
    case Type.Decimal:
    case Type.Date:
    case Type.Time:
    case Type.Timestamp:
    case Type.Interval:
    case Type.Duration:
    case Type.FixedSizeBinary:
    case Type.Dictionary:
      return 'fixed';
    default:
      return undefined;
  }
}

export type FixedValues =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Buffers in the order that Data's constructor takes them. */
export interface Buffers {
  readonly offsets?: Int32Array;
  readonly values?: FixedValues;
  /** Left out where nothing is null. */
  readonly validity?: Uint8Array;
}

/** Data with offset 0; `like` gives the type and the dictionary. */
export function rebuilt(like: Data, length: number, nulls: number, buffers: Buffers, children: Data[] = []): Data {
  const made = new Data(
    like.type,
    0,
    length,
    nulls,
    [buffers.offsets, buffers.values, nulls === 0 ? new Uint8Array(0) : buffers.validity, undefined] as never,
    children,
    like.dictionary,
  );
  return made;
}

/** A batch of columns; `rows` stands for itself, so that a batch of no columns has rows too. */
export function batchOf(schema: Schema, columns: readonly Data[], rows: number): RecordBatch {
  const type = new Struct(schema.fields);
  return new RecordBatch(
    schema,
    new Data(type, 0, rows, 0, [undefined, undefined, undefined, undefined] as never, [...columns]),
  );
}
