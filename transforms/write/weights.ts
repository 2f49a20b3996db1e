/** The weights table: for every row that was read, what was inferred, its weight, its copies, and why it was dropped. */
import { type Data, Field, Float64, makeData, RecordBatch, Schema, Struct, Uint8, Utf8 } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import type { TagNames, Tags } from '../../schemas/tags.js';
import { tagsToArrow } from '../tag/arrow.js';

export interface Weighted {
  /** [rows] ids, of whatever type the input has. */
  readonly ids: Data;
  /** [rows]; nothing known and no label where a filter dropped the row. */
  readonly tags: Tags;
  /** [rows] q, 0 where a filter dropped the row. */
  readonly weights: Float64Array;
  /** [rows] */
  readonly copies: Uint8Array;
  /** [rows] final drop code, 0 where a copy was written. */
  readonly drop: Uint8Array;
}

/** Columns: id, weight, copies, s_<attribute> (null: not known), labels, reason (null: written). `reasons[i]` belongs to drop code i + 1. */
export function weightsBatch(weighted: Weighted, names: TagNames, reasons: readonly string[]): RecordBatch {
  const { ids, weights, copies, drop } = weighted;
  const rows = weights.length;
  if (ids.length !== rows) throw new InvariantError(`weights: ${ids.length} ids of ${rows} rows`);
  const tags = tagsToArrow(weighted.tags, names);
  const fields = [
    new Field('id', ids.type, true),
    new Field('weight', new Float64(), false),
    new Field('copies', new Uint8(), false),
    ...tags.fields,
    new Field('reason', new Utf8(), true),
  ];
  const children = [
    ids,
    makeData({ type: new Float64(), length: rows, nullCount: 0, data: weights }),
    makeData({ type: new Uint8(), length: rows, nullCount: 0, data: copies }),
    ...tags.data,
    reasonData(drop, reasons),
  ];
  return new RecordBatch(
    new Schema(fields),
    makeData({ type: new Struct(fields), length: rows, nullCount: 0, children }),
  );
}

function reasonData(drop: Uint8Array, reasons: readonly string[]): Data<Utf8> {
  const rows = drop.length;
  const names = reasons.map((reason) => Buffer.from(reason));
  const valueOffsets = new Int32Array(rows + 1);
  const nullBitmap = new Uint8Array((rows + 7) >> 3);
  let bytes = 0;
  let nullCount = 0;
  for (let i = 0; i < rows; i++) {
    if (drop[i] === 0) nullCount++;
    else {
      bytes += names[drop[i] - 1].length;
      nullBitmap[i >> 3] |= 1 << (i & 7);
    }
    valueOffsets[i + 1] = bytes;
  }
  const data = new Uint8Array(bytes);
  for (let i = 0; i < rows; i++) if (drop[i] !== 0) data.set(names[drop[i] - 1], valueOffsets[i]);
  return makeData({ type: new Utf8(), length: rows, nullCount, valueOffsets, nullBitmap, data });
}
