/** Keys of samples in a WebDataset. */
import { createHash } from 'node:crypto';
import { type Data, makeData, Type, Utf8 } from 'apache-arrow';

/** Longer keys would not fit into a tar header with their ending. */
const MAXIMUM_BYTES = 80;
/** Hexadecimal digits of the hash at the end of a key that was cut. */
const HASH_DIGITS = 32;

/**
 * An id as letters, digits, `_` and `-`, with `%` and two hexadecimal digits for every other byte: readers cut names at dots and slashes. An end that would
 * look like a repeat (`-1`) has its `-` so too. Ids that differ give keys that differ; a long one ends with a hash.
 */
export function keyOf(id: string): string {
  const encoded = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const safe = id.replaceAll(/[^A-Za-z0-9_-]/gu, (c) => [...Buffer.from(c)].map(encoded).join(''));
  const key = safe.replace(/-(?=[1-9]\d{0,2}$)/, '%2D');
  if (key.length <= MAXIMUM_BYTES) return key;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, HASH_DIGITS);
  return `${key.slice(0, MAXIMUM_BYTES - HASH_DIGITS - 1)}%${hash}`;
}

/** The key of a row's id; of its global number where it has none, in a form that no id's key has. */
function rowKey(ids: Data, row: number, number: number): string {
  if (!ids.getValid(row)) return `%row${number}`;
  if (ids.type.typeId !== Type.Utf8) return keyOf(String(ids.values[row]));
  const offsets = ids.valueOffsets as Int32Array;
  const text = Buffer.from((ids.values as Uint8Array).subarray(offsets[row]!, offsets[row + 1]!)).toString();
  return text === '' ? `%row${number}` : keyOf(text);
}

/**
 * A key for each of the rows `indices`: the id's, and for its repeats, which stand side by side, `-1`, `-2` … after it, as DataComp's resharder names them.
 * Keys are different where ids are.
 * @param firstRow global number of row 0
 */
export function sampleKeys(ids: Data, indices: Uint32Array, firstRow: number): Data<Utf8> {
  const valueOffsets = new Int32Array(indices.length + 1);
  const keys: Buffer[] = [];
  let [key, copy] = ['', 0];
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    copy = i > 0 && indices[i - 1] === row ? copy + 1 : 0;
    if (copy === 0) key = rowKey(ids, row, firstRow + row);
    const bytes = Buffer.from(copy === 0 ? key : `${key}-${copy}`);
    keys.push(bytes);
    valueOffsets[i + 1] = valueOffsets[i]! + bytes.length;
  }
  return makeData({ type: new Utf8(), length: indices.length, nullCount: 0, valueOffsets, data: Buffer.concat(keys) });
}
