/** Embeddings of a batch as one flat array. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { columnData, validity } from '../tag/column.js';
import { halfOf } from '../tag/half.js';

export interface Vectors {
  readonly rows: number;
  /** [rows, dims]; NaN throughout a row that is null. */
  readonly values: ArrayLike<number>;
}

const NULL_VECTOR = Number.NaN;

/**
 * A column of lists, or lists of fixed size, of float16, float32 or float64.
 * @throws InputError naming the column for another type, or a row whose list has another length than `dims`.
 */
export function vectorsOf(batch: RecordBatch, name: string, dims: number): Vectors {
  const data = columnData(batch, name);
  const { type, length: rows } = data;
  const refuse = (expected: string, got: string, hint?: string) =>
    new InputError('embeddings', { place: `column ${name}`, expected, got, ...(hint && { hint }) });
  if (DataType.isNull(type)) return { rows, values: new Float32Array(rows * dims).fill(NULL_VECTOR) };
  if (!DataType.isList(type) && !DataType.isFixedSizeList(type)) throw refuse('lists of floats', `${type}`);
  const child = data.children[0]!;
  if (!DataType.isFloat(child.type)) throw refuse('lists of float16, float32 or float64', `${type}`);
  const raw = child.values as Uint16Array | Float32Array | Float64Array;
  const numbers = raw instanceof Uint16Array ? halfOf(raw) : raw;
  const valid = validity(data);
  const inside = validity(child);
  if (DataType.isFixedSizeList(type) && type.listSize !== dims) {
    throw refuse(`vectors of ${dims} numbers, as the weights have`, `${type.listSize}`);
  }
  const fixed = DataType.isFixedSizeList(type);
  const offsets = fixed ? undefined : (data.valueOffsets as Int32Array);
  if (fixed && valid === undefined && inside === undefined) return { rows, values: numbers.subarray(0, rows * dims) };
  const values = new Float64Array(rows * dims).fill(NULL_VECTOR);
  for (let row = 0; row < rows; row++) {
    if (valid !== undefined && valid[row] === 0) continue;
    const start = offsets === undefined ? row * dims : offsets[row]!;
    const end = offsets === undefined ? start + dims : offsets[row + 1]!;
    if (end - start !== dims || start < 0 || end > numbers.length) {
      throw refuse(`${dims} numbers a row, as the weights have`, `${end - start} in row ${row} of its batch`);
    }
    for (let d = 0; d < dims; d++) {
      if (inside === undefined || inside[start + d] === 1) values[row * dims + d] = numbers[start + d]!;
    }
  }
  return { rows, values };
}
