/**
 * Columns of a batch as flat typed arrays, the form that every filter and tagger reads.
 *
 * Batches may be zero-copy slices. apache-arrow sub-arrays `valueOffsets` and the values of fixed-width types, but
 * neither validity bitmaps nor the bits of booleans (both start at `data.offset`), nor the children of lists.
 */
import { type Data, DataType, type RecordBatch, type Vector } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { halfOf } from './half.js';

/** Strings as UTF-8: row i is `values[offsets[i] .. offsets[i + 1])`. */
export interface Utf8Column {
  readonly rows: number;
  /** [rows + 1], ascending, within `values` (checked). */
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
  /** [rows], 0 where the row is null; absent where no row is. */
  readonly valid?: Uint8Array;
}

/** Numbers: integers of 64 bits as the nearest double, booleans as 0 and 1. */
export interface NumberColumn {
  readonly rows: number;
  /** [rows]; what a null row holds is not defined. */
  readonly values:
    | Float32Array
    | Float64Array
    | Int8Array
    | Uint8Array
    | Int16Array
    | Uint16Array
    | Int32Array
    | Uint32Array;
  /** [rows], 0 where the row is null; absent where no row is. */
  readonly valid?: Uint8Array;
}

/** Lists of strings: row i's are the items `offsets[i] .. offsets[i + 1] - 1`. */
export interface ListColumn {
  readonly rows: number;
  /** [rows + 1], ascending, within `items` (checked). */
  readonly offsets: Int32Array;
  readonly items: Utf8Column;
  /** [rows], 0 where the row is null; absent where no row is. */
  readonly valid?: Uint8Array;
}

/**
 * The one chunk of a batch's column.
 * @throws InputError where the batch has no such column.
 */
export function columnData(batch: RecordBatch, name: string): Data {
  const at = batch.schema.fields.findIndex((field) => field.name === name);
  if (at < 0) {
    throw new InputError('missing column', {
      place: `column ${name}`,
      expected: `one of ${batch.schema.fields.map((field) => field.name).join(', ') || '(no columns)'}`,
      got: name,
    });
  }
  return batch.data.children[at]!;
}

/** Whether the batch carries the column. */
export function hasColumn(batch: RecordBatch, name: string): boolean {
  return batch.schema.fields.some((field) => field.name === name);
}

function wrongType(name: string, expected: string, got: string, hint?: string): InputError {
  return new InputError('wrong column type', { place: `column ${name}`, expected, got, ...(hint && { hint }) });
}

/** [rows], 0 where null; undefined where nothing is. */
export function validity(data: Data): Uint8Array | undefined {
  const rows = data.length;
  if (DataType.isNull(data.type)) return new Uint8Array(rows);
  if (data.nullCount === 0 || data.nullBitmap === undefined || data.nullBitmap.length === 0) return undefined;
  const valid = new Uint8Array(rows);
  for (let i = 0, bit = data.offset; i < rows; i++, bit++) valid[i] = (data.nullBitmap[bit >> 3]! >> (bit & 7)) & 1;
  return valid;
}

/** Offsets as int32, refused where they descend or leave the values: the file's lengths lie. */
function checkedOffsets(name: string, raw: Int32Array | BigInt64Array, rows: number, limit: number): Int32Array {
  if (rows === 0 && raw.length === 0) return new Int32Array(1);
  let offsets: Int32Array;
  if (raw instanceof BigInt64Array) {
    offsets = new Int32Array(rows + 1);
    for (let i = 0; i <= rows; i++) {
      const wide = Number(raw[i]);
      offsets[i] = wide > limit ? -1 : wide;
    }
  } else offsets = raw;
  let last = offsets[0]!;
  let ordered = last >= 0 && offsets.length > rows;
  for (let i = 1; i <= rows; i++) {
    const next = offsets[i]!;
    if (next < last) ordered = false;
    last = next;
  }
  if (!ordered || last > limit) {
    throw new InputError('corrupt column', {
      place: `column ${name}`,
      expected: `${rows + 1} ascending offsets within ${limit}`,
      got: `offsets from ${offsets[0]} to ${last}`,
    });
  }
  return offsets;
}

function plainUtf8(name: string, data: Data): Utf8Column {
  const values = (data.values ?? new Uint8Array(0)) as Uint8Array;
  const offsets = checkedOffsets(name, data.valueOffsets as unknown as Int32Array, data.length, values.length);
  const valid = validity(data);
  return { rows: data.length, offsets, values, ...(valid && { valid }) };
}

/**
 * A column of bytes, such as images; all null where its type is Null.
 * @throws InputError naming the column where it is absent, not Binary, or its offsets lie.
 */
export function bytesColumn(batch: RecordBatch, name: string): Utf8Column {
  return bytesOf(name, columnData(batch, name));
}

/** `bytesColumn` of a chunk; `name` is the column's, for messages. */
export function bytesOf(name: string, data: Data): Utf8Column {
  if (DataType.isBinary(data.type)) return plainUtf8(name, data);
  if (DataType.isNull(data.type)) return utf8Of(name, data);
  throw wrongType(name, 'bytes (Binary)', `${data.type}`);
}

/** A dictionary column written out: each row's string copied, as later stages read plain UTF-8 only. */
function dictionaryUtf8(name: string, data: Data): Utf8Column {
  const rows = data.length;
  const indices = data.values as Int32Array | BigInt64Array;
  const dictionary = data.dictionary as Vector;
  const encoder = new TextEncoder();
  const entries: (Uint8Array | undefined)[] = [];
  for (let i = 0; i < dictionary.length; i++) {
    const entry = dictionary.get(i) as string | null;
    entries.push(entry === null ? undefined : encoder.encode(entry));
  }
  const known = validity(data);
  const valid = known ?? new Uint8Array(rows).fill(1);
  const offsets = new Int32Array(rows + 1);
  let bytes = 0;
  for (let i = 0; i < rows; i++) {
    if (valid[i] === 1) {
      const index = Number(indices[i]);
      if (!(index >= 0 && index < entries.length)) {
        throw new InputError('corrupt column', {
          place: `column ${name}, row ${i}`,
          expected: `a dictionary index below ${entries.length}`,
          got: `${index}`,
        });
      }
      const entry = entries[index];
      if (entry === undefined) valid[i] = 0;
      else bytes += entry.length;
    }
    if (bytes > 0x7fff_ffff) throw wrongType(name, 'at most 2 GiB of text a batch', 'more', 'Use smaller batches.');
    offsets[i + 1] = bytes;
  }
  const values = new Uint8Array(bytes);
  for (let i = 0; i < rows; i++) {
    if (valid[i] === 1) values.set(entries[Number(indices[i])]!, offsets[i]!);
  }
  return { rows, offsets, values, valid };
}

/** `utf8Column` of a chunk; `name` is the column's, for messages. */
export function utf8Of(name: string, data: Data): Utf8Column {
  const type = data.type;
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return plainUtf8(name, data);
  if (DataType.isNull(type)) {
    return {
      rows: data.length,
      offsets: new Int32Array(data.length + 1),
      values: new Uint8Array(0),
      valid: validity(data)!,
    };
  }
  if (DataType.isDictionary(type) && (DataType.isUtf8(type.dictionary) || DataType.isLargeUtf8(type.dictionary))) {
    return dictionaryUtf8(name, data);
  }
  throw wrongType(name, 'strings (Utf8)', `${type}`);
}

/**
 * A column of strings: Utf8, LargeUtf8 (while it fits int32), a dictionary of either, or Null.
 * @throws InputError naming the column where it is absent, of another type, or its offsets lie.
 */
export function utf8Column(batch: RecordBatch, name: string): Utf8Column {
  return utf8Of(name, columnData(batch, name));
}

/**
 * A column of lists of strings.
 * @throws InputError naming the column where it is absent, of another type, or its offsets lie.
 */
export function listColumn(batch: RecordBatch, name: string): ListColumn {
  const data = columnData(batch, name);
  const rows = data.length;
  if (DataType.isNull(data.type)) {
    const items = { rows: 0, offsets: new Int32Array(1), values: new Uint8Array(0) };
    return { rows, offsets: new Int32Array(rows + 1), items, valid: validity(data)! };
  }
  if (!DataType.isList(data.type) && !DataType.isLargeList(data.type)) {
    throw wrongType(name, 'lists of strings (List<Utf8>)', `${data.type}`);
  }
  const items = utf8Of(name, data.children[0]!);
  const offsets = checkedOffsets(name, data.valueOffsets as unknown as Int32Array, rows, items.rows);
  const valid = validity(data);
  return { rows, offsets, items, ...(valid && { valid }) };
}

const TWO_32 = 2 ** 32;

function wideIntegers(raw: BigInt64Array | BigUint64Array, signed: boolean): Float64Array {
  const values = new Float64Array(raw.length);
  const words = new Uint32Array(raw.buffer, raw.byteOffset, raw.length * 2);
  for (let i = 0; i < raw.length; i++) {
    const high = words[2 * i + 1]!;
    values[i] = (signed ? high | 0 : high) * TWO_32 + words[2 * i]!;
  }
  return values;
}

function booleans(data: Data): Uint8Array {
  const bits = data.values as Uint8Array;
  const values = new Uint8Array(data.length);
  for (let i = 0, bit = data.offset; i < values.length; i++, bit++) values[i] = (bits[bit >> 3]! >> (bit & 7)) & 1;
  return values;
}

/**
 * Numbers of a chunk of any integer, float or boolean type, or Null.
 * @param name the column's, for messages.
 * @throws InputError where it is of another type.
 */
export function numbersOf(name: string, data: Data): NumberColumn {
  const rows = data.length;
  const valid = validity(data);
  const type = data.type;
  const withValid = (values: NumberColumn['values']): NumberColumn => ({ rows, values, ...(valid && { valid }) });
  if (DataType.isNull(type)) return withValid(new Uint8Array(rows));
  if (DataType.isBool(type)) return withValid(booleans(data));
  if (DataType.isInt(type)) {
    return withValid(
      type.bitWidth === 64 ? wideIntegers(data.values as BigInt64Array, type.isSigned) : (data.values as Int32Array),
    );
  }
  if (DataType.isFloat(type)) {
    return withValid(
      data.values instanceof Uint16Array ? Float64Array.from(halfOf(data.values)) : (data.values as Float64Array),
    );
  }
  throw wrongType(name, 'numbers', `${type}`);
}

/**
 * A column of numbers.
 * @throws InputError naming the column where it is absent or not of numbers.
 */
export function numberColumn(batch: RecordBatch, name: string): NumberColumn {
  return numbersOf(name, columnData(batch, name));
}
