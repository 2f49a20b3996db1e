import type { Data, RecordBatch } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';
import { type Take, takeFresh, takeLike } from './arena.js';
import { bitmapBytes, copyBits, setBits } from './bits.js';
import { batchOf, type FixedValues, layoutOf, rebuilt } from './data.js';

/** Rows `[start, end)` of a column. */
export interface Range {
  readonly data: Data;
  readonly start: number;
  readonly end: number;
}

/** The largest value of a 32-bit Arrow offset. */
const MAXIMUM_OFFSET = 0x7fff_ffff;

function validityOf(parts: readonly Range[], rows: number, take: Take): Uint8Array | undefined {
  if (parts.every(({ data }) => data.nullCount <= 0)) return undefined;
  const bits = take(bitmapBytes(rows)).fill(0);
  let at = 0;
  for (const { data, start, end } of parts) {
    if (data.nullCount <= 0) setBits(bits, at, end - start);
    else copyBits(data.nullBitmap, data.offset + start, bits, at, end - start);
    at += end - start;
  }
  return bits;
}

function boolValues(parts: readonly Range[], rows: number, take: Take): Uint8Array {
  const bits = take(bitmapBytes(rows)).fill(0);
  let at = 0;
  for (const { data, start, end } of parts) {
    copyBits(data.values as Uint8Array, data.offset + start, bits, at, end - start);
    at += end - start;
  }
  return bits;
}

function fixedValues(parts: readonly Range[], rows: number, take: Take): FixedValues {
  const { stride } = parts[0]!.data;
  const values = parts[0]!.data.values as FixedValues;
  const out = takeLike(take, values, rows * stride);
  let at = 0;
  for (const { data, start, end } of parts) {
    out.set((data.values as FixedValues).subarray(start * stride, end * stride) as never, at);
    at += (end - start) * stride;
  }
  return out;
}

/** Offsets from 0 on; the bytes or items of part k are `offsets[start] .. offsets[end]` of that part. */
function joinedOffsets(parts: readonly Range[], rows: number, take: Take): Int32Array {
  const out = takeLike(take, parts[0]!.data.valueOffsets as Int32Array, rows + 1);
  let row = 0;
  let total = 0;
  for (const { data, start, end } of parts) {
    const offsets = data.valueOffsets as Int32Array;
    const shift = total - offsets[start]!;
    total = offsets[end]! + shift;
    if (total > MAXIMUM_OFFSET)
      throw new InvariantError(`concat: ${total} bytes or items do not fit into 32-bit offsets`);
    for (let i = start; i < end; i++) out[row++] = offsets[i]! + shift;
  }
  out[rows] = total;
  return out;
}

/** One column of the given ranges, end to end, with offset 0. All are of one type; dictionary columns share one dictionary. */
export function concatData(parts: readonly Range[], take: Take = takeFresh): Data {
  const rows = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  const like = parts[0]!.data;
  const layout = layoutOf(like.type);
  if (layout === 'null') return rebuilt(like, rows, rows, {});
  if (parts.some(({ data }) => data.dictionary !== like.dictionary)) {
    throw new InvariantError('concat: columns with different dictionaries');
  }
  const validity = validityOf(parts, rows, take);
  // -1: apache-arrow counts them when it first needs the number.
  const nulls = validity === undefined ? 0 : -1;
  switch (layout) {
    case 'bool':
      return rebuilt(like, rows, nulls, { values: boolValues(parts, rows, take), validity });
    case 'fixed':
      return rebuilt(like, rows, nulls, { values: fixedValues(parts, rows, take), validity });
    case 'bytes': {
      const offsets = joinedOffsets(parts, rows, take);
      const values = take(offsets[rows]!);
      let at = 0;
      for (const { data, start, end } of parts) {
        const from = data.valueOffsets as Int32Array;
        values.set((data.values as Uint8Array).subarray(from[start], from[end]), at);
        at += from[end]! - from[start]!;
      }
      return rebuilt(like, rows, nulls, { offsets, values, validity });
    }
    case 'list': {
      const offsets = joinedOffsets(parts, rows, take);
      const child = concatData(
        parts.map(({ data, start, end }) => ({
          data: data.children[0]!,
          start: (data.valueOffsets as Int32Array)[start]!,
          end: (data.valueOffsets as Int32Array)[end]!,
        })),
        take,
      );
      return rebuilt(like, rows, nulls, { offsets, validity }, [child]);
    }
    case 'fixedList': {
      const width = like.stride;
      const child = concatData(
        parts.map(({ data, start, end }) => ({ data: data.children[0]!, start: start * width, end: end * width })),
        take,
      );
      return rebuilt(like, rows, nulls, { validity }, [child]);
    }
    case 'struct': {
      const children = like.children.map((_, i) =>
        concatData(
          parts.map(({ data, start, end }) => ({ data: data.children[i]!, start, end })),
          take,
        ),
      );
      return rebuilt(like, rows, nulls, { validity }, children);
    }
    default:
      throw new InvariantError(`concat: the type ${like.type} is not carried in batches`);
  }
}

/** Rows `[start, end)` of a batch, to be put together with others. */
export interface BatchRange {
  readonly batch: RecordBatch;
  readonly start: number;
  readonly end: number;
}

/** One batch of the given row ranges, end to end: copies, with offset 0, in memory from `take`. The schema is the first one's. */
export function concatRanges(parts: readonly BatchRange[], take: Take = takeFresh): RecordBatch {
  const first = parts[0];
  if (first === undefined) throw new InvariantError('concat: no batches');
  const rows = parts.reduce((sum, { start, end }) => sum + end - start, 0);
  const columns = first.batch.data.children.map((_, i) =>
    concatData(
      parts.map(({ batch, start, end }) => ({ data: batch.data.children[i]!, start, end })),
      take,
    ),
  );
  return batchOf(first.batch.schema, columns, rows);
}

/** One batch of all rows of one or more batches of one schema: a copy with offset 0; a slice comes out with only its own rows. */
export function concat(batches: readonly RecordBatch[]): RecordBatch {
  return concatRanges(batches.map((batch) => ({ batch, start: 0, end: batch.numRows })));
}
