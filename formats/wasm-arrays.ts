import { type Data, type DataType, makeData, Type } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { bitmapBytes, copyBits } from './bits.js';
import { type FixedValues, layoutOf } from './data.js';

/**
 * Arrays in WebAssembly memory under Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html), copied out of it buffer
 * by buffer: an IPC stream would be written there first, copied as a whole, and parsed.
 */

/** Byte positions in `struct ArrowArray` where pointers have 32 bits. */
const FIELD = { length: 0, nulls: 8, offset: 16, buffers: 24, children: 32, bufferList: 40, childList: 44 };
const POINTER_BYTES = 4;
const OFFSET_BYTES = 4;

interface Source {
  readonly memory: ArrayBuffer;
  readonly view: DataView;
  /** Address of a `struct ArrowArray`. */
  readonly address: number;
}

const long = ({ view, address }: Source, field: number) => Number(view.getBigInt64(address + field, true));

/** Element `i` of the list of pointers at `field`, which has as many as `count` says. */
function pointer(source: Source, field: number, count: number, i: number): number {
  const { view, address } = source;
  if (i >= long(source, count))
    throw new InvariantError(`WebAssembly: ${long(source, count)} buffers or children, not ${i + 1}`);
  return view.getUint32(view.getUint32(address + field, true) + i * POINTER_BYTES, true);
}

const bufferAt = (source: Source, i: number) => pointer(source, FIELD.bufferList, FIELD.buffers, i);

function bits({ memory }: Source, at: number, first: number, count: number): Uint8Array {
  if ((first & 7) === 0) {
    const start = at + (first >>> 3);
    return new Uint8Array(memory.slice(start, start + bitmapBytes(count)));
  }
  const out = new Uint8Array(bitmapBytes(count));
  copyBits(new Uint8Array(memory, at, bitmapBytes(first + count)), first, out, 0, count);
  return out;
}

/** Rows `[from, from + length)` of the array. */
function column(source: Source, type: DataType, from: number, length: number): Data {
  const { memory } = source;
  const layout = layoutOf(type);
  if (layout === 'null') return makeData({ type, length }) as Data;
  const first = long(source, FIELD.offset) + from;
  const validity = long(source, FIELD.nulls) === 0 ? 0 : bufferAt(source, 0);
  const nulls =
    validity === 0 ? { nullCount: 0 } : { nullCount: -1, nullBitmap: bits(source, validity, first, length) };
  const copied = (buffer: number, start: number, bytes: number) => {
    const at = bufferAt(source, buffer) + start;
    return memory.slice(at, at + bytes);
  };
  const offsets = () => new Int32Array(copied(1, first * OFFSET_BYTES, (length + 1) * OFFSET_BYTES));
  const child = (i: number, start: number, rows: number) =>
    column(
      { ...source, address: pointer(source, FIELD.childList, FIELD.children, i) },
      type.children[i]!.type,
      start,
      rows,
    );
  switch (layout) {
    case 'bool':
      return makeData({ type, length, ...nulls, data: bits(source, bufferAt(source, 1), first, length) } as never);
    case 'fixed': {
      const { stride } = makeData({ type, length: 0 } as never) as Data;
      const values = type.ArrayType as new (buffer: ArrayBuffer) => FixedValues;
      const bytes = stride * (type.ArrayType as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
      const data = new values(copied(1, first * bytes, length * bytes));
      return makeData({ type, length, ...nulls, data } as never);
    }
    case 'bytes': {
      const valueOffsets = offsets();
      const start = valueOffsets[0]!;
      const data = new Uint8Array(copied(2, start, valueOffsets[length]! - start));
      return makeData({ type, length, ...nulls, valueOffsets: fromZero(valueOffsets), data } as never);
    }
    case 'list': {
      const valueOffsets = offsets();
      const items = child(0, valueOffsets[0]!, valueOffsets[length]! - valueOffsets[0]!);
      return makeData({ type, length, ...nulls, valueOffsets: fromZero(valueOffsets), child: items } as never);
    }
    case 'fixedList': {
      const { stride } = makeData({ type, length: 0 } as never) as Data;
      return makeData({ type, length, ...nulls, child: child(0, first * stride, length * stride) } as never);
    }
    case 'struct':
      return makeData({
        type,
        length,
        ...nulls,
        children: type.children.map((_, i) => child(i, first, length)),
      } as never);
    default:
      throw new InvariantError(`WebAssembly: the type ${Type[type.typeId]} is not carried in batches`);
  }
}

function fromZero(offsets: Int32Array): Int32Array {
  const start = offsets[0]!;
  if (start !== 0) for (let i = 0; i < offsets.length; i++) offsets[i]! -= start;
  return offsets;
}

/** The columns of the record batch whose `struct ArrowArray` lies at `address`: copies, as `types` say. */
export function columnsAt(
  memory: ArrayBuffer,
  address: number,
  types: readonly DataType[],
): { columns: Data[]; rows: number } {
  const source = { memory, view: new DataView(memory), address };
  const rows = long(source, FIELD.length);
  const columns = types.map((type, i) =>
    column({ ...source, address: pointer(source, FIELD.childList, FIELD.children, i) }, type, 0, rows),
  );
  return { columns, rows };
}
