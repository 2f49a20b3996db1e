/** A TFRecord file of small records: tf.train.Example with an id and a text, RECORD_BYTES each. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Field, Int64, makeData, Schema, Utf8 } from 'apache-arrow';
import { tfrecordWriter } from '../formats/tfrecord-writer.js';
import { cacheFolder, type Options } from './options.js';
import { saveRows } from './save-rows.js';
import { mulberry32 } from './synth.js';

export const RECORD_BYTES = 300;

/** What the two features take beside the text, for ids whose varint has five bytes. */
const REST_BYTES = 38;
const TEXT_BYTES = RECORD_BYTES - REST_BYTES;
const FIRST_ID = 2 ** 30;
const SEED = 11;

/** The file of `options.rows` records, made once. */
export async function recordRows(options: Options): Promise<string> {
  const { rows } = options;
  const file = join(cacheFolder(options, 'records'), `records-${rows}.tfrecord`);
  if (existsSync(file)) return file;
  const random = mulberry32(SEED);
  const schema = new Schema([new Field('id', new Int64(), true), new Field('text', new Utf8(), true)]);
  await saveRows(file, {
    schema,
    writer: tfrecordWriter(schema),
    rows,
    columns(from, length) {
      const ids = BigInt64Array.from({ length }, (_, i) => BigInt(FIRST_ID + from + i));
      const letters = Uint8Array.from({ length: length * TEXT_BYTES }, () => 97 + Math.floor(26 * random()));
      const valueOffsets = Int32Array.from({ length: length + 1 }, (_, i) => i * TEXT_BYTES);
      return [
        makeData({ type: new Int64(), length, data: ids }),
        makeData({ type: new Utf8(), length, valueOffsets, data: letters }),
      ];
    },
  });
  return file;
}
