import { InvariantError } from '../schemas/errors.js';
import type { Take } from './arena.js';
import { bitmapBytes, copyBits } from './bits.js';
import type { Layout } from './data.js';

/**
 * Arrays in WebAssembly memory under Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html), copied out of it buffer
 * by buffer: an IPC stream would be written there first, copied as a whole, and parsed. Neither what this file takes nor what it gives is of
 * apache-arrow, so that a thread that loads none of it can do this and hand over the buffers.
 */

/** What of a type decides how its buffers are copied: plain data. */
export interface Shape {
  readonly layout: Layout;
  /** Of one row, of a `fixed` layout. */
  readonly bytes?: number;
  /** Items of one row, of a `fixedList`. */
  readonly items?: number;
  readonly children: readonly Shape[];
}

/** Rows of one column, from offset 0. */
export interface Copied {
  readonly rows: number;
  /** Left out where nothing is null. */
  readonly validity?: Uint8Array;
  /** From 0. */
  readonly offsets?: Int32Array;
  /** At a multiple of 8 of its memory. */
  readonly values?: Uint8Array;
  readonly children: readonly Copied[];
}

/** The columns of one record batch. */
export interface CopiedBatch {
  readonly rows: number;
  readonly columns: readonly Copied[];
}

/** Byte positions in `struct ArrowArray` where pointers have 32 bits. */
const FIELD = { length: 0, nulls: 8, offset: 16, buffers: 24, children: 32, bufferList: 40, childList: 44 };
const POINTER_BYTES = 4;
const OFFSET_BYTES = 4;

interface Source {
  readonly memory: Uint8Array;
  readonly view: DataView;
  readonly take: Take;
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

function bits({ memory, take }: Source, at: number, first: number, count: number): Uint8Array {
  const out = take(bitmapBytes(count)).fill(0);
  copyBits(memory.subarray(at, at + bitmapBytes(first + count)), first, out, 0, count);
  return out;
}

/** Rows `[from, from + rows)` of the array. */
function column(source: Source, shape: Shape, from: number, rows: number): Copied {
  const { layout, children } = shape;
  if (layout === 'null') return { rows, children: [] };
  const { memory, take } = source;
  const first = long(source, FIELD.offset) + from;
  const bitmap = long(source, FIELD.nulls) === 0 ? 0 : bufferAt(source, 0);
  const common = bitmap === 0 ? { rows } : { rows, validity: bits(source, bitmap, first, rows) };
  const copied = (buffer: number, start: number, bytes: number) => {
    const out = take(bytes);
    // An array of no bytes may have no buffer.
    if (bytes > 0) {
      const at = bufferAt(source, buffer) + start;
      out.set(memory.subarray(at, at + bytes));
    }
    return out;
  };
  const child = (i: number, start: number, items: number) =>
    column({ ...source, address: pointer(source, FIELD.childList, FIELD.children, i) }, children[i]!, start, items);
  switch (layout) {
    case 'bool':
      return { ...common, values: bits(source, bufferAt(source, 1), first, rows), children: [] };
    case 'fixed': {
      const bytes = shape.bytes!;
      return { ...common, values: copied(1, first * bytes, rows * bytes), children: [] };
    }
    case 'bytes': {
      const { offsets, start, end } = offsetsAt(copied(1, first * OFFSET_BYTES, (rows + 1) * OFFSET_BYTES));
      return { ...common, offsets, values: copied(2, start, end - start), children: [] };
    }
    case 'list': {
      const { offsets, start, end } = offsetsAt(copied(1, first * OFFSET_BYTES, (rows + 1) * OFFSET_BYTES));
      return { ...common, offsets, children: [child(0, start, end - start)] };
    }
    case 'fixedList': {
      const items = shape.items!;
      return { ...common, children: [child(0, first * items, rows * items)] };
    }
    case 'struct':
      return { ...common, children: children.map((_, i) => child(i, first, rows)) };
  }
}

/** Moves the offsets so that the first is 0, and says where they began and ended. */
function offsetsAt({ buffer, byteOffset, length }: Uint8Array): { offsets: Int32Array; start: number; end: number } {
  const offsets = new Int32Array(buffer, byteOffset, length / OFFSET_BYTES);
  const start = offsets[0]!;
  const end = offsets.at(-1)!;
  if (start !== 0) for (let i = 0; i < offsets.length; i++) offsets[i]! -= start;
  return { offsets, start, end };
}

/** The columns of the record batch whose `struct ArrowArray` lies at `address`: copies, as `shapes` say, in memory from `take`. */
export function columnsAt(memory: ArrayBuffer, address: number, shapes: readonly Shape[], take: Take): CopiedBatch {
  const source = { memory: new Uint8Array(memory), view: new DataView(memory), address, take };
  const rows = long(source, FIELD.length);
  const columns = shapes.map((shape, i) =>
    column({ ...source, address: pointer(source, FIELD.childList, FIELD.children, i) }, shape, 0, rows),
  );
  return { columns, rows };
}

/** The memory that the columns lie in, which they may share. */
export function memoryOf(columns: readonly Copied[], into = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  for (const { validity, offsets, values, children } of columns) {
    for (const part of [validity, offsets, values]) if (part !== undefined) into.add(part.buffer as ArrayBuffer);
    memoryOf(children, into);
  }
  return into;
}
