import { isUtf8 } from 'node:buffer';
import {
  Binary,
  Data,
  type DataType,
  type Dictionary,
  Field,
  FixedSizeList,
  List,
  Map_,
  Struct,
  Type,
  Utf8,
  type Vector,
} from 'apache-arrow';
import { bitmapBytes } from './bits.js';
import { concatData } from './concat.js';
import { type FixedValues, layoutOf, rebuilt } from './data.js';
import { gatherData } from './gather.js';

/** Bytes of one element of a view column: length, then the bytes, or a prefix, a buffer number and an offset (Arrow's columnar format). */
const VIEW_BYTES = 16;
const VIEW_INLINE_BYTES = 12;

/** The type that batches carry in place of `type`: no dictionaries, no views, no 64-bit offsets. Throws a plain Error for types they cannot carry. */
export function plainType(type: DataType): DataType {
  const child = (i = 0) => {
    const field = type.children[i]! as Field;
    return new Field(field.name, plainType(field.type), field.nullable, field.metadata);
  };
  switch (type.typeId) {
    case Type.Dictionary:
      return plainType((type as Dictionary).dictionary);
    case Type.LargeUtf8:
    case Type.Utf8View:
      return new Utf8();
    case Type.LargeBinary:
    case Type.BinaryView:
      return new Binary();
    case Type.List:
    case Type.LargeList:
      return new List(child());
    case Type.FixedSizeList:
      return new FixedSizeList((type as FixedSizeList).listSize, child());
    case Type.Map:
      return new Map_(child() as never, (type as Map_).keysSorted);
    case Type.Struct:
      return new Struct(type.children.map((_, i) => child(i)));
    default:
      if (layoutOf(type) === undefined) throw new Error(`the type ${type}, which is not supported`);
      return type;
  }
}

function require(held: boolean, what: string): asserts held {
  if (!held) throw new Error(what);
}

/** 32-bit offsets of `data`, checked: from 0 or more, never falling, within `limit`. */
function checkedOffsets(data: Data, limit: number): Int32Array {
  const { length } = data;
  const given = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  // An empty column may come without its one offset.
  if (length === 0) return new Int32Array(1);
  require(given.length > length, `${given.length} offsets for ${length} rows`);
  let offsets: Int32Array;
  if (given instanceof Int32Array) {
    offsets = given.subarray(0, length + 1);
  } else {
    require(given[length]! <= 0x7fff_ffffn, 'more than 2 GiB of values in one record batch');
    offsets = Int32Array.from(given.subarray(0, length + 1), (v) => (v >= 0n && v <= 0x7fff_ffffn ? Number(v) : -1));
  }
  require(offsets[0]! >= 0 && offsets[length]! <= limit, `offsets ${offsets[0]} to ${offsets[length]} in ${limit}`);
  for (let i = 0; i < length; i++) require(offsets[i]! <= offsets[i + 1]!, `a falling offset at row ${i}`);
  return offsets;
}

function requireUtf8(offsets: Int32Array, values: Uint8Array): void {
  const rows = offsets.length - 1;
  require(isUtf8(values.subarray(offsets[0], offsets[rows])), 'text that is not UTF-8');
  // Together it is UTF-8; then each row is, if none starts in the middle of a character.
  for (let i = 0; i < rows; i++) {
    const at = offsets[i]!;
    require(at === offsets[i + 1] || (values[at]! & 0xc0) !== 0x80, `text that is not UTF-8 in row ${i}`);
  }
}

/** Views as offsets and bytes. */
function fromViews(data: Data): { offsets: Int32Array; values: Uint8Array } {
  const { length, values: views, variadicBuffers } = data as Data & { values: Uint8Array };
  require(views.length >= length * VIEW_BYTES, `${views.length} bytes of views for ${length} rows`);
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const offsets = new Int32Array(length + 1);
  const nullable = data.nullCount > 0;
  const sizeOf = (row: number) => (nullable && !data.getValid(row) ? 0 : view.getInt32(row * VIEW_BYTES, true));
  for (let row = 0, total = 0; row < length; row++) {
    const size = sizeOf(row);
    total += size;
    require(size >= 0 && total <= 0x7fff_ffff, `a view of ${size} bytes in row ${row}`);
    offsets[row + 1] = total;
  }
  const values = new Uint8Array(offsets[length]!);
  for (let row = 0; row < length; row++) {
    const at = row * VIEW_BYTES;
    const size = offsets[row + 1]! - offsets[row]!;
    if (size <= VIEW_INLINE_BYTES) {
      values.set(views.subarray(at + 4, at + 4 + size), offsets[row]);
      continue;
    }
    const from = variadicBuffers[view.getInt32(at + 8, true)];
    const start = view.getInt32(at + 12, true);
    require(from !== undefined &&
      start >= 0 &&
      start + size <= from.length, `a view outside of its buffer in row ${row}`);
    values.set(from.subarray(start, start + size), offsets[row]);
  }
  return { offsets, values };
}

/** Values in the place of indices into a dictionary. */
function decoded(data: Data, type: DataType): Data {
  const { length } = data;
  const chunks = (data.dictionary as Vector | undefined)?.data ?? [];
  const plain = chunks
    .filter((chunk) => chunk.length > 0)
    .map((chunk) => ({ data: plainData(chunk, type), start: 0, end: chunk.length }));
  const size = plain.reduce((sum, { end }) => sum + end, 0);
  const indices = new Uint32Array(length);
  const keys = data.values as FixedValues;
  require(keys.length >= length, `${keys.length} indices for ${length} rows`);
  const nullable = data.nullCount > 0;
  let nulls = 0;
  const validity = new Uint8Array(bitmapBytes(length));
  for (let row = 0; row < length; row++) {
    if (nullable && !data.getValid(row)) {
      nulls++;
      continue;
    }
    const key = Number(keys[row]);
    require(key >= 0 && key < size, `index ${key} into a dictionary of ${size} values in row ${row}`);
    indices[row] = key;
    validity[row >>> 3]! |= 1 << (row & 7);
  }
  if (size === 0) return emptyNulls(type, length);
  const values = plain.length === 1 ? plain[0]!.data : concatData(plain);
  const out = gatherData(values, indices);
  if (nulls === 0) return out;
  if (layoutOf(type) === 'null') return out;
  if (out.nullCount > 0) for (let i = 0; i < validity.length; i++) validity[i]! &= out.nullBitmap[i]!;
  return new Data(type, 0, length, -1, [out.valueOffsets, out.values, validity, undefined] as never, out.children);
}

/** `length` nulls of any plain type. */
function emptyNulls(type: DataType, length: number): Data {
  const child = (rows: number, i = 0) => emptyNulls(type.children[i]!.type, rows);
  const stride = new Data(type, 0, 0, 0).stride;
  const layout = layoutOf(type);
  const values =
    layout === 'fixed' || layout === 'bool' || layout === 'bytes'
      ? new (type.ArrayType as new (n: number) => FixedValues)(layout === 'bytes' ? 0 : length * stride)
      : undefined;
  const offsets = layout === 'bytes' || layout === 'list' ? new Int32Array(length + 1) : undefined;
  const children =
    layout === 'list'
      ? [child(0)]
      : layout === 'fixedList'
        ? [child(length * stride)]
        : layout === 'struct'
          ? type.children.map((_, i) => child(length, i))
          : [];
  return new Data(
    type,
    0,
    length,
    length,
    [offsets, values, new Uint8Array(bitmapBytes(length)), undefined] as never,
    children,
  );
}

/**
 * A column as it was loaded from outside, as one of plain type `type` (of `plainType`) with checked buffers: lengths, offsets, indices, UTF-8.
 * Throws a plain Error with what is wrong.
 */
export function plainData(data: Data, type: DataType): Data {
  const { length } = data;
  require(Number.isSafeInteger(length) && length >= 0, `${length} rows`);
  require(data.stride >= 0 && data.stride < 2 ** 31, `values of width ${data.stride}`);
  const layout = layoutOf(type);
  if (layout === 'null') return new Data(type, 0, length, length);
  const validity = data.nullBitmap ?? new Uint8Array(0);
  require(validity.length === 0 ||
    validity.length >= bitmapBytes(length), `a bitmap of ${validity.length} bytes for ${length} rows`);
  if (data.type.typeId === Type.Dictionary) return decoded(data, type);
  const make = (buffers: { offsets?: Int32Array; values?: FixedValues }, children: Data[] = []) => {
    const nulls = validity.length === 0 ? 0 : -1;
    return rebuilt(new Data(type, 0, 0, 0), length, nulls, { ...buffers, validity }, children);
  };
  const child = (i: number, rows: number) => {
    const given = data.children[i]!;
    require(given.length >= rows, `${given.length} items where ${rows} are needed`);
    return plainData(given, type.children[i]!.type);
  };
  switch (layout) {
    case 'bool':
      require(data.values.length >= bitmapBytes(length), `${data.values.length} bytes for ${length} rows`);
      return make({ values: data.values as Uint8Array });
    case 'fixed': {
      const needed = length * data.stride;
      require(data.values.length >= needed, `${data.values.length} values where ${needed} are needed`);
      return make({ values: (data.values as FixedValues).subarray(0, needed) as FixedValues });
    }
    case 'bytes': {
      const views = data.type.typeId === Type.Utf8View || data.type.typeId === Type.BinaryView;
      const { offsets, values } = views
        ? fromViews(data)
        : { offsets: checkedOffsets(data, data.values.length), values: data.values as Uint8Array };
      if (type.typeId === Type.Utf8) requireUtf8(offsets, values);
      return make({ offsets, values });
    }
    case 'list': {
      const offsets = checkedOffsets(data, data.children[0]!.length);
      return make({ offsets }, [child(0, offsets[length]!)]);
    }
    case 'fixedList':
      return make({}, [child(0, length * data.stride)]);
    case 'struct':
      return make(
        {},
        data.children.map((_, i) => child(i, length)),
      );
    default:
      throw new Error(`the type ${data.type}, which is not supported`);
  }
}
