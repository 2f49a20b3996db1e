import type { Data, RecordBatch } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { type Take, takeFresh, takeLike } from './arena.js';
import { bitmapBytes } from './bits.js';
import { batchOf, type FixedValues, layoutOf, rebuilt } from './data.js';

/** Below this mean length of a run, copying element by element beats a call of TypedArray.set a run (measured: they meet at 8 to 16). */
const RUN_ROWS = 12;

/** Strings up to this many bytes are copied in a loop: a call of TypedArray.set costs about as much as 24 bytes. */
const SHORT_BYTES = 24;

/** Chosen rows, with their runs of neighbours: run k is rows `start[k] .. start[k] + length[k] - 1`. */
interface Selection {
  readonly indices: Uint32Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
}

function selectionOf(indices: Uint32Array): Selection {
  const start = new Uint32Array(indices.length);
  const length = new Uint32Array(indices.length);
  let runs = 0;
  for (let i = 0; i < indices.length; ) {
    const first = indices[i]!;
    let n = 1;
    while (i + n < indices.length && indices[i + n] === first + n) n++;
    start[runs] = first;
    length[runs++] = n;
    i += n;
  }
  return { indices, start: start.subarray(0, runs), length: length.subarray(0, runs) };
}

/** Bit `offset + index` of `bits` for each index, packed, and how many of them are 0. */
function gatherBits(
  bits: Uint8Array,
  offset: number,
  indices: Uint32Array,
  take: Take,
): { bits: Uint8Array; zeros: number } {
  const out = take(bitmapBytes(indices.length)).fill(0);
  let ones = 0;
  for (let i = 0; i < indices.length; i++) {
    const at = offset + indices[i]!;
    const bit = (bits[at >>> 3]! >>> (at & 7)) & 1;
    out[i >>> 3]! |= bit << (i & 7);
    ones += bit;
  }
  return { bits: out, zeros: indices.length - ones };
}

// One loop for each width and not a generic one: an engine makes fast code of a loop that sees one kind of array.

function gather8(from: Uint8Array, to: Uint8Array, indices: Uint32Array): void {
  for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]!]!;
}

function gather16(from: Uint16Array, to: Uint16Array, indices: Uint32Array): void {
  for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]!]!;
}

function gather32(from: Uint32Array, to: Uint32Array, indices: Uint32Array): void {
  for (let i = 0; i < indices.length; i++) to[i] = from[indices[i]!]!;
}

function gather64(from: Uint32Array, to: Uint32Array, indices: Uint32Array): void {
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]! * 2;
    to[2 * i] = from[row]!;
    to[2 * i + 1] = from[row + 1]!;
  }
}

/** Moves whole words as unsigned integers, so that no NaN loses its payload. */
function gatherWords(from: FixedValues, to: FixedValues, indices: Uint32Array): void {
  const words = <T>(
    array: new (buffer: ArrayBufferLike, offset: number, length: number) => T,
    values: FixedValues,
    size: number,
  ) => new array(values.buffer, values.byteOffset, values.byteLength / size);
  switch (from.BYTES_PER_ELEMENT) {
    case 1:
      gather8(words(Uint8Array, from, 1), words(Uint8Array, to, 1), indices);
      break;
    case 2:
      gather16(words(Uint16Array, from, 2), words(Uint16Array, to, 2), indices);
      break;
    case 4:
      gather32(words(Uint32Array, from, 4), words(Uint32Array, to, 4), indices);
      break;
    default:
      gather64(words(Uint32Array, from, 4), words(Uint32Array, to, 4), indices);
  }
}

function gatherFixed(
  values: FixedValues,
  stride: number,
  { indices, start, length }: Selection,
  take: Take,
): FixedValues {
  const out = takeLike(take, values, indices.length * stride);
  if (stride === 1 && indices.length < start.length * RUN_ROWS) {
    gatherWords(values, out, indices);
    return out;
  }
  for (let run = 0, at = 0; run < start.length; run++) {
    const first = start[run]! * stride;
    const count = length[run]! * stride;
    out.set(values.subarray(first, first + count) as never, at);
    at += count;
  }
  return out;
}

/** Offsets of the chosen rows, from 0. Throws where they no longer fit into 31 bits (only repeats can make them). */
function gatherOffsets(offsets: Int32Array, { indices }: Selection, take: Take): Int32Array {
  const out = takeLike(take, offsets, indices.length + 1);
  let at = 0;
  out[0] = 0;
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    at += offsets[row + 1]! - offsets[row]!;
    out[i + 1] = at;
  }
  if (at > 0x7fff_ffff) throw new InvariantError(`gather: ${at} bytes or items do not fit into 32-bit offsets`);
  return out;
}

function gatherBytes(
  offsets: Int32Array,
  values: Uint8Array,
  { start, length }: Selection,
  out: Uint8Array,
): Uint8Array {
  for (let run = 0, at = 0; run < start.length; run++) {
    const first = offsets[start[run]!]!;
    const count = offsets[start[run]! + length[run]!]! - first;
    if (count <= SHORT_BYTES) {
      for (let i = 0; i < count; i++) out[at + i] = values[first + i]!;
    } else {
      out.set(values.subarray(first, first + count), at);
    }
    at += count;
  }
  return out;
}

/** Item numbers behind the chosen rows of a list. */
function itemsOf(offsets: Int32Array, indices: Uint32Array, total: number): Uint32Array {
  const items = new Uint32Array(total);
  let at = 0;
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    const end = offsets[row + 1]!;
    for (let item = offsets[row]!; item < end; item++) items[at++] = item;
  }
  return items;
}

function gatherSelected(data: Data, selection: Selection, take: Take): Data {
  const { indices } = selection;
  const rows = indices.length;
  const layout = layoutOf(data.type);
  if (layout === 'null') return rebuilt(data, rows, rows, {});
  const nullable = data.nullCount > 0;
  const { bits, zeros } = nullable
    ? gatherBits(data.nullBitmap, data.offset, indices, take)
    : { bits: undefined, zeros: 0 };
  switch (layout) {
    case 'bool':
      return rebuilt(data, rows, zeros, {
        values: gatherBits(data.values as Uint8Array, data.offset, indices, take).bits,
        validity: bits,
      });
    case 'fixed':
      return rebuilt(data, rows, zeros, {
        values: gatherFixed(data.values as FixedValues, data.stride, selection, take),
        validity: bits,
      });
    case 'bytes': {
      const offsets = gatherOffsets(data.valueOffsets as Int32Array, selection, take);
      const values = gatherBytes(
        data.valueOffsets as Int32Array,
        data.values as Uint8Array,
        selection,
        take(offsets[rows]!),
      );
      return rebuilt(data, rows, zeros, { offsets, values, validity: bits });
    }
    case 'list': {
      const offsets = gatherOffsets(data.valueOffsets as Int32Array, selection, take);
      const items = itemsOf(data.valueOffsets as Int32Array, indices, offsets[rows]!);
      const child = gatherSelected(data.children[0]!, selectionOf(items), take);
      return rebuilt(data, rows, zeros, { offsets, validity: bits }, [child]);
    }
    case 'fixedList': {
      const width = data.stride;
      const items = new Uint32Array(rows * width);
      for (let i = 0; i < items.length; i++) items[i] = indices[Math.floor(i / width)]! * width + (i % width);
      const child = gatherSelected(data.children[0]!, selectionOf(items), take);
      return rebuilt(data, rows, zeros, { validity: bits }, [child]);
    }
    case 'struct': {
      const children = data.children.map((child) => gatherSelected(child, selection, take));
      return rebuilt(data, rows, zeros, { validity: bits }, children);
    }
    default:
      throw new InvariantError(`gather: the type ${data.type} is not carried in batches`);
  }
}

/** The chosen rows of one column, as `gather`. */
export function gatherData(data: Data, indices: Uint32Array): Data {
  return gatherSelected(data, selectionOf(indices), takeFresh);
}

/**
 * The rows `indices` [kept] of a batch, in that order; a row may be chosen more than once. A new batch with offset 0 and its own buffers
 * (dictionaries are shared); slices are honoured. Runs of neighbouring rows are copied at once. Indices must be below `batch.numRows`.
 * `take` gives their memory.
 */
export function gather(batch: RecordBatch, indices: Uint32Array, take: Take = takeFresh): RecordBatch {
  const selection = selectionOf(indices);
  for (let run = 0; run < selection.start.length; run++) {
    if (selection.start[run]! + selection.length[run]! > batch.numRows) {
      throw new InvariantError(`gather: row ${selection.start[run]! + selection.length[run]! - 1} of ${batch.numRows}`);
    }
  }
  const columns = batch.data.children.map((column) => gatherSelected(column, selection, take));
  return batchOf(batch.schema, columns, indices.length);
}
