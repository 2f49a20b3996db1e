/** Boxes of faces: a column of lists of [x0, y0, x1, y1], relative to the image, as `face_bboxes` of DataComp's CommonPool. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { columnData, numbersOf, validity } from '../tag/column.js';

/** Relative to the image's sides, 0 <= x0 < x1 <= 1, 0 <= y0 < y1 <= 1. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

const SIDES = 4;

/**
 * The boxes of each row, largest first; boxes are cut to the image, and those of no size or with other numbers left out.
 * @throws InputError naming the column where it does not hold lists of lists of numbers, or a box has not four.
 */
export function faceBoxes(batch: RecordBatch, name: string): readonly (readonly Box[])[] {
  const data = columnData(batch, name);
  const rows = data.length;
  if (DataType.isNull(data.type)) return Array.from({ length: rows }, () => []);
  const refuse = (expected: string, got: string) =>
    new InputError('face boxes', { place: `column ${name}`, expected, got });
  const inner = data.children[0];
  const isList = (type: DataType) => DataType.isList(type) || DataType.isFixedSizeList(type);
  if (!DataType.isList(data.type) || inner === undefined || !isList(inner.type)) {
    throw refuse('lists of boxes, each a list of four numbers', `${data.type}`);
  }
  const { values, valid: known } = numbersOf(name, inner.children[0]!);
  const valid = validity(data);
  const validBox = validity(inner);
  const offsets = data.valueOffsets as Int32Array;
  return Array.from({ length: rows }, (_, row) => {
    const boxes: Box[] = [];
    if (valid !== undefined && valid[row] === 0) return boxes;
    for (let b = offsets[row]!; b < offsets[row + 1]!; b++) {
      if (validBox !== undefined && validBox[b] === 0) continue;
      const [start, end] = DataType.isFixedSizeList(inner.type)
        ? [b * inner.type.listSize, (b + 1) * inner.type.listSize]
        : [inner.valueOffsets[b]!, inner.valueOffsets[b + 1]!];
      if (end - start !== SIDES || start < 0 || end > values.length) {
        throw refuse('four numbers a box', `${end - start} in row ${row} of its batch`);
      }
      const side = (i: number) =>
        known !== undefined && known[start + i] === 0
          ? Number.NaN
          : Math.min(1, Math.max(0, Number(values[start + i])));
      const box = { x0: side(0), y0: side(1), x1: side(2), y1: side(3) };
      if (box.x1 > box.x0 && box.y1 > box.y0) boxes.push(box);
    }
    return boxes.sort((a, b) => sizeOf(b) - sizeOf(a));
  });
}

function sizeOf({ x0, y0, x1, y1 }: Box): number {
  return (x1 - x0) * (y1 - y0);
}

/** The pixels that a box touches in an image of this size. */
export function pixelsOf(box: Box, width: number, height: number) {
  const left = Math.floor(box.x0 * width);
  const top = Math.floor(box.y0 * height);
  return {
    left,
    top,
    width: Math.max(1, Math.min(width, Math.ceil(box.x1 * width)) - left),
    height: Math.max(1, Math.min(height, Math.ceil(box.y1 * height)) - top),
  };
}
