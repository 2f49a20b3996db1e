/**
 * Rows as they go into shards. Parquet and Arrow carry the input's columns. Formats that trainers read without a join have more: the
 * weight, what is known of each attribute, how likely it is where it is soft, and the labels; a WebDataset also a key.
 */
import { type Data, Field, Float32, Int8, makeData, RecordBatch, Schema, Struct, Utf8 } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { NEARER, PRESENT, PROBABILITY, type TagNames, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { labelsToArrow } from '../tag/arrow.js';

/** Formats that have these columns. */
const TRAINING_FORMATS: ReadonlySet<string> = new Set(['tfrecord', 'webdataset']);

/** What an attribute is in them where nothing is known of it; else 1 or 0, and a probability from 0 to 1. */
export const UNKNOWN_ATTRIBUTE = -1;

export function wantsTrainingColumns(formats: readonly string[]): boolean {
  return formats.some((format) => TRAINING_FORMATS.has(format));
}

function attributeData(tags: Tags, k: number, m: number): Data<Int8> {
  const data = new Int8Array(tags.rows);
  for (let row = 0; row < tags.rows; row++) {
    const value = NEARER[tags.attributes[row * m + k]!];
    data[row] = value === UNKNOWN ? UNKNOWN_ATTRIBUTE : value === PRESENT ? 1 : 0;
  }
  return makeData({ type: new Int8(), length: tags.rows, nullCount: 0, data });
}

function probabilityData(tags: Tags, k: number, m: number): Data<Float32> {
  const data = Float32Array.from({ length: tags.rows }, (_, row) => {
    const p = PROBABILITY[tags.attributes[row * m + k]!]!;
    return Number.isNaN(p) ? UNKNOWN_ATTRIBUTE : p;
  });
  return makeData({ type: new Float32(), length: tags.rows, nullCount: 0, data });
}

/** A name that no column has yet: the name, or with `m4_` before it as often as is needed. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? freeName(`m4_${name}`, taken) : name;
}

function extended(batch: RecordBatch, fields: readonly Field[], data: readonly Data[]): RecordBatch {
  const schema = new Schema([...batch.schema.fields, ...fields]);
  const children = [...batch.data.children, ...data];
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}

/** The fields that are added to those of a batch. Where the input has a column of the name, ours is called `m4_<name>`. */
export function trainingFields(schema: Schema, names: TagNames): Field[] {
  const taken = new Set(schema.fields.map((f) => f.name));
  const wanted = [
    new Field('weight', new Float32(), false),
    ...names.attributes.map((name) => new Field(`s_${name}`, new Int8(), false)),
    ...(names.soft ?? []).map((k) => new Field(`p_${names.attributes[k]}`, new Float32(), false)),
    labelsToArrow({ rows: 0, attributes: new Uint8Array(), offsets: new Uint32Array(1), labels: new Uint16Array() }, [])
      .field,
  ];
  return wanted.map((field) => field.clone({ name: freeName(field.name, taken) }));
}

/**
 * The batch with the columns weight (32 bits), s_<attribute> (1, 0, or -1 where nothing is known; the nearer of 1 and 0 where the attribute is soft),
 * of soft attributes p_<attribute> (the probability as it was rounded, or -1) and labels (names) after its own.
 * @param weights [rows]
 */
export function withTraining(batch: RecordBatch, tags: Tags, weights: Float64Array, names: TagNames): RecordBatch {
  if (tags.rows !== batch.numRows || weights.length !== batch.numRows) {
    throw new InvariantError(`${batch.numRows} rows, tags of ${tags.rows}, weights of ${weights.length}`);
  }
  const m = names.attributes.length;
  const data = [
    makeData({ type: new Float32(), length: batch.numRows, nullCount: 0, data: Float32Array.from(weights) }),
    ...names.attributes.map((_, k) => attributeData(tags, k, m)),
    ...(names.soft ?? []).map((k) => probabilityData(tags, k, m)),
    labelsToArrow(tags, names.labels).data,
  ];
  return extended(batch, trainingFields(batch.schema, names), data);
}

/** The columns at these positions, sharing memory. */
function picked(batch: RecordBatch, positions: readonly number[]): RecordBatch {
  const schema = new Schema(positions.map((p) => batch.schema.fields[p]!));
  const children = positions.map((p) => batch.data.children[p]!);
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}

const KEY_COLUMN = '__key__';

/** The rows with a column of keys at their end. */
export function withKeys(batch: RecordBatch, keys: Data<Utf8>): RecordBatch {
  return extended(batch, [new Field(KEY_COLUMN, new Utf8(), false)], [keys]);
}

/**
 * What the writer of a format is given of rows whose first `inputs` columns are the input's: those, or all; for webdataset the keys, which are
 * the last column, first, and no other column of that name; for datacomp the ids.
 */
export function columnsFor(format: string, batch: RecordBatch, inputs: number): RecordBatch {
  const positions = batch.schema.fields.map((_, i) => i);
  const last = positions.length - 1;
  const keyed = positions.length > inputs && batch.schema.fields[last]!.name === KEY_COLUMN;
  switch (format) {
    case 'tfrecord':
      return keyed ? picked(batch, positions.slice(0, last)) : batch;
    case 'webdataset': {
      if (!keyed) throw new InvariantError('rows for a WebDataset without keys');
      const rest = positions.filter((p) => p !== last && batch.schema.fields[p]!.name !== KEY_COLUMN);
      return picked(batch, [last, ...rest]);
    }
    case 'datacomp':
      return picked(batch, [batch.schema.fields.findIndex(({ name }) => name === 'id')]);
    default:
      return positions.length > inputs ? picked(batch, positions.slice(0, inputs)) : batch;
  }
}
