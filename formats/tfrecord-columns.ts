import { type Data, type DataType, Type } from 'apache-arrow';
import { copyBytes } from './copy-bytes.js';
import type { FixedValues } from './data.js';
import { fromHalf } from './json-text.js';

/** How a column is written into a tf.train.Example. */
export interface TfFeature {
  readonly kind: 'bytes' | 'int64' | 'float';
  /** Several values a row (or none) rather than exactly one. */
  readonly list: boolean;
  /** `text` is UTF-8 and `json` a value without a counterpart, as JSON text; both are of kind bytes. */
  readonly content: 'text' | 'binary' | 'number' | 'json';
}

function leafFeature(type: DataType): Omit<TfFeature, 'list'> | undefined {
  switch (type.typeId) {
    case Type.Utf8:
    case Type.Null:
      return { kind: 'bytes', content: 'text' };
    case Type.Binary:
    case Type.FixedSizeBinary:
      return { kind: 'bytes', content: 'binary' };
    case Type.Bool:
    case Type.Int:
    case Type.Date:
    case Type.Time:
    case Type.Timestamp:
    case Type.Duration:
      return { kind: 'int64', content: 'number' };
    case Type.Float:
      return { kind: 'float', content: 'number' };
    default:
      return undefined;
  }
}

/** The type of the values in a list, through fixed-size lists in it (face boxes), which are written one after the other. */
function itemsOf(type: DataType): DataType | undefined {
  if (type.typeId !== Type.List && type.typeId !== Type.FixedSizeList) return undefined;
  let item: DataType = type.children[0]!.type;
  while (item.typeId === Type.FixedSizeList) item = item.children[0]!.type;
  return item;
}

/**
 * Text and bytes become a bytes list, integers, booleans, dates and times (in the unit of their type) an int64 list, floats a float list (32 bits).
 * Lists of these have several values. Everything else (structs, maps, lists in lists of any length, decimals) is written as JSON text.
 */
export function tfFeature(type: DataType): TfFeature {
  const items = itemsOf(type);
  const leaf = leafFeature(items ?? type);
  return leaf === undefined ? { kind: 'bytes', content: 'json', list: false } : { ...leaf, list: items !== undefined };
}

/** Encodes the list inside a feature (BytesList, Int64List or FloatList) of one row. `bytes` is to be called first. */
export interface ListEncoder {
  /** Bytes of the list. */
  bytes(row: number): number;
  /** Writes it at `at`; returns its end. */
  write(row: number, out: Uint8Array, at: number): number;
}

/** Field 1, length-delimited: `value` of each of the three lists. */
const VALUE_TAG = 0x0a;

/** Bytes of a varint below 2^32. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Writes a varint below 2^32; returns its end. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 0x80) {
    out[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[end++] = rest;
  return end;
}

function longBytes(high: number, low: number): number {
  if (high === 0) return varintBytes(low);
  if (high >>> 31 !== 0) return 10;
  const bits = 64 - Math.clz32(high);
  return Math.ceil(bits / 7);
}

function writeLong(out: Uint8Array, at: number, high: number, low: number): number {
  let end = at;
  let h = high;
  let l = low;
  while (h !== 0) {
    out[end++] = (l & 0x7f) | 0x80;
    l = ((l >>> 7) | (h << 25)) >>> 0;
    h >>>= 7;
  }
  return writeVarint(out, end, l);
}

/** Values `[first(row), first(row + 1))` of the leaf column belong to a row; a null row has one empty value, or none in a list. */
interface Rows {
  readonly list: boolean;
  first(row: number): number;
  isNull(row: number): boolean;
  /** Whether a value is null, by itself or with the fixed-size list that it is in. */
  isNullValue(i: number): boolean;
}

function nullTest(data: Data): (row: number) => boolean {
  if (data.nullCount <= 0) return () => false;
  const { nullBitmap: bits, offset } = data;
  return (row) => ((bits[(offset + row) >>> 3]! >>> ((offset + row) & 7)) & 1) === 0;
}

function bytesEncoder(data: Data, rows: Rows): ListEncoder {
  const isNull = rows.isNullValue;
  const width = data.stride;
  const values = data.values as Uint8Array;
  const offsets = data.valueOffsets as Int32Array | undefined;
  const none = data.type.typeId === Type.Null;
  const start = offsets === undefined ? (i: number) => i * width : (i: number) => offsets[i]!;
  const size = (i: number) => (none || isNull(i) ? 0 : start(i + 1) - start(i));
  return {
    bytes(row) {
      if (rows.isNull(row)) return rows.list ? 0 : 2;
      const end = rows.first(row + 1);
      let total = 0;
      for (let i = rows.first(row); i < end; i++) {
        const length = size(i);
        total += 1 + varintBytes(length) + length;
      }
      return total;
    },
    write(row, out, at) {
      let to = at;
      const empty = rows.isNull(row);
      const end = empty ? 0 : rows.first(row + 1);
      for (let i = empty ? (rows.list ? 0 : -1) : rows.first(row); i < end; i++) {
        const length = i < 0 ? 0 : size(i);
        out[to++] = VALUE_TAG;
        to = writeVarint(out, to, length);
        if (length > 0) copyBytes(out, to, values, start(i), start(i) + length);
        to += length;
      }
      return to;
    },
  };
}

/** The high and low 32 bits of integers, sign extended. */
function wordsOf(data: Data): { high(i: number): number; low(i: number): number } {
  const values = data.values as FixedValues;
  if (data.type.typeId === Type.Bool) {
    const { offset } = data;
    const bits = values as Uint8Array;
    return { high: () => 0, low: (i) => (bits[(offset + i) >>> 3]! >>> ((offset + i) & 7)) & 1 };
  }
  if (values.BYTES_PER_ELEMENT === 8) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    return { high: (i) => words[2 * i + 1]!, low: (i) => words[2 * i]! };
  }
  const small = values as Int32Array;
  return { high: (i) => (small[i]! < 0 ? 0xffff_ffff : 0), low: (i) => small[i]! >>> 0 };
}

function intEncoder(data: Data, rows: Rows): ListEncoder {
  const isNull = rows.isNullValue;
  const { high, low } = wordsOf(data);
  const size = (i: number) => (isNull(i) ? 1 : longBytes(high(i), low(i)));
  const payload = (row: number) => {
    const end = rows.first(row + 1);
    let total = 0;
    for (let i = rows.first(row); i < end; i++) total += size(i);
    return total;
  };
  return {
    bytes(row) {
      if (rows.isNull(row)) return rows.list ? 0 : 3;
      const total = payload(row);
      return total === 0 ? 0 : 1 + varintBytes(total) + total;
    },
    write(row, out, at) {
      let to = at;
      const empty = rows.isNull(row);
      if (empty && rows.list) return to;
      const total = empty ? 1 : payload(row);
      if (total === 0) return to;
      out[to++] = VALUE_TAG;
      to = writeVarint(out, to, total);
      if (empty) {
        out[to++] = 0;
        return to;
      }
      const end = rows.first(row + 1);
      for (let i = rows.first(row); i < end; i++) {
        if (isNull(i)) out[to++] = 0;
        else to = writeLong(out, to, high(i), low(i));
      }
      return to;
    },
  };
}

function floatEncoder(data: Data, rows: Rows): ListEncoder {
  const isNull = rows.isNullValue;
  const values = data.values as Float64Array | Uint16Array;
  const at16 = values instanceof Uint16Array;
  const scratch = new Float32Array(1);
  const bytes = new Uint8Array(scratch.buffer);
  const count = (row: number) => (rows.isNull(row) ? (rows.list ? 0 : 1) : rows.first(row + 1) - rows.first(row));
  return {
    bytes(row) {
      const n = count(row);
      return n === 0 ? 0 : 1 + varintBytes(4 * n) + 4 * n;
    },
    write(row, out, at) {
      const n = count(row);
      if (n === 0) return at;
      out[at] = VALUE_TAG;
      let to = writeVarint(out, at + 1, 4 * n);
      const missing = rows.isNull(row);
      const first = missing ? 0 : rows.first(row);
      for (let k = 0; k < n; k++) {
        const i = first + k;
        scratch[0] = missing || isNull(i) ? Number.NaN : at16 ? fromHalf(values[i]!) : values[i]!;
        out[to++] = bytes[0]!;
        out[to++] = bytes[1]!;
        out[to++] = bytes[2]!;
        out[to++] = bytes[3]!;
      }
      return to;
    },
  };
}

/** An encoder for one column of one batch, as `tfFeature` says. JSON columns are to be made text first. */
export function listEncoder(data: Data): ListEncoder {
  const { list, kind } = tfFeature(data.type);
  const isNull = data.type.typeId === Type.Null ? () => true : nullTest(data);
  let leaf = data;
  let first = (row: number) => row;
  let isNullValue = nullTest(data);
  if (list) {
    const isList = data.type.typeId === Type.List;
    const offsets = data.valueOffsets as Int32Array;
    leaf = data.children[0]!;
    let width = isList ? 1 : data.stride;
    isNullValue = nullTest(leaf);
    while (leaf.type.typeId === Type.FixedSizeList) {
      const { stride } = leaf;
      const above = isNullValue;
      leaf = leaf.children[0]!;
      const own = nullTest(leaf);
      width *= stride;
      isNullValue = (i) => own(i) || above(Math.floor(i / stride));
    }
    const step = width;
    first = isList ? (row) => offsets[row]! * step : (row) => row * step;
  }
  const rows: Rows = { list, first, isNull, isNullValue };
  return kind === 'bytes'
    ? bytesEncoder(leaf, rows)
    : kind === 'int64'
      ? intEncoder(leaf, rows)
      : floatEncoder(leaf, rows);
}
