/** The canonical image column, whatever the input calls it and however it is wrapped: encoded files as Arrow Binary. */
import { Binary, type Data, makeData } from 'apache-arrow';

/** Hugging Face's feature `Image` in Parquet and Arrow: the bytes, and the name of the file that they came from. */
const HUGGING_FACE = 'Struct<{bytes:Binary, path:Utf8}>';

/** Whether a column of this type, as apache-arrow prints it, is Hugging Face's image. */
export function isImageStruct(type: string): boolean {
  return type === HUGGING_FACE;
}

const bit = (bits: Uint8Array, at: number) => (bits[at >> 3]! >> (at & 7)) & 1;

function isValid(data: Data, row: number): boolean {
  return data.nullCount <= 0 || bit(data.nullBitmap!, data.offset + row) === 1;
}

/** A field of a struct column as a column of its own: null where the struct is. Shares memory. */
export function structField(struct: Data, name: string): Data {
  const child = struct.children[struct.type.children.findIndex((f: { name: string }) => f.name === name)]!;
  if (struct.nullCount <= 0) return child;
  const rows = struct.length;
  const nullBitmap = new Uint8Array(((rows + 63) >> 6) << 3);
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    if (isValid(struct, row) && isValid(child, row)) nullBitmap[row >> 3]! |= 1 << (row & 7);
    else nullCount++;
  }
  const { type, values, valueOffsets } = child;
  return makeData({ type, length: rows, nullCount, nullBitmap, data: values, valueOffsets } as never) as Data;
}

/**
 * In each row the first of some binary columns that is not null; null where all are. Shares memory where one column has every value.
 * @param columns at least one, of one length.
 */
export function firstImages(columns: readonly Data[]): Data {
  const rows = columns[0]!.length;
  const used = columns.filter((c) => c.nullCount < rows || rows === 0);
  if (used.length <= 1 || used[0]!.nullCount <= 0) return used[0] ?? columns[0]!;
  const chosen = new Int8Array(rows);
  const valueOffsets = new Int32Array(rows + 1);
  const nullBitmap = new Uint8Array(((rows + 63) >> 6) << 3);
  let nullCount = 0;
  for (let row = 0; row < rows; row++) {
    const found = used.findIndex((c) => isValid(c, row));
    chosen[row] = found;
    const offsets = used[found]?.valueOffsets as Int32Array | undefined;
    valueOffsets[row + 1] = valueOffsets[row]! + (offsets === undefined ? 0 : offsets[row + 1]! - offsets[row]!);
    if (found < 0) nullCount++;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  }
  const data = new Uint8Array(valueOffsets[rows]!);
  for (let row = 0; row < rows; row++) {
    const from = used[chosen[row]!];
    const offsets = from?.valueOffsets as Int32Array | undefined;
    if (from !== undefined)
      data.set((from.values as Uint8Array).subarray(offsets![row], offsets![row + 1]), valueOffsets[row]);
  }
  return makeData({ type: new Binary(), length: rows, nullCount, nullBitmap, valueOffsets, data });
}
