import type { RecordBatch, Schema } from 'apache-arrow';
import { InputError, InvariantError } from '../schemas/errors.js';
import { copyBytes } from './copy-bytes.js';
import { maskedCrc32c } from './crc32c.js';
import type { BatchWriter } from './format.js';
import { jsonColumn } from './json-text.js';
import { giveSpare, takeSpare } from './spares.js';
import { listEncoder, tfFeature, varintBytes, writeVarint } from './tfrecord-columns.js';
import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES, lengthCrc } from './tfrecord-frame.js';

/** Protobuf tags (field number, wire type 2) of tf.train.Example: `features`, entries of its map with key and value, and the kinds of Feature. */
const TAG = { features: 0x0a, entry: 0x0a, key: 0x0a, value: 0x12, bytes: 0x0a, float: 0x12, int64: 0x1a };

/** Bytes of the output buffer at first. */
const FIRST_BYTES = 2 ** 20;

/** One record, at most: the lengths of protocol buffers are 32-bit. */
const MAXIMUM_RECORD_BYTES = 2 ** 31 - 1;

/** A column as it goes into each record. */
interface Plan {
  readonly column: number;
  /** Tag, length and name of the key. */
  readonly key: Uint8Array;
  readonly kindTag: number;
  readonly json: boolean;
}

function plansOf(schema: Schema): Plan[] {
  const names = schema.fields.map((f) => f.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new InputError('TFRecord output', {
      place: `column ${twice}`,
      expected: 'each column name once',
      got: 'two',
    });
  }
  const plans = schema.fields.map((field, column) => {
    const name = Buffer.from(field.name);
    const key = new Uint8Array(1 + varintBytes(name.length) + name.length);
    key[0] = TAG.key;
    key.set(name, writeVarint(key, 1, name.length));
    const { kind, content } = tfFeature(field.type);
    return { name, column, key, kindTag: TAG[kind], json: content === 'json' };
  });
  return plans.sort((a, b) => Buffer.compare(a.name, b.name));
}

/**
 * A TFRecord file of tf.train.Example, one a row, with the keys in byte order; see `tfFeature` for the types. Every key is in every record, as TensorFlow
 * Datasets asks: a null is the empty text or bytes, 0, NaN, and in a list nothing. The bytes depend on the rows alone.
 */
export function tfrecordWriter(schema: Schema): BatchWriter {
  const plans = plansOf(schema);
  // Of the row at hand: bytes of each column's list, its feature and its map entry.
  const lists = new Uint32Array(plans.length);
  const features = new Uint32Array(plans.length);
  const entries = new Uint32Array(plans.length);
  // Written over by each batch.
  let out = new Uint8Array(0);
  let view = new DataView(out.buffer);

  const write = (batch: RecordBatch): Uint8Array[] => {
    if (batch.data.children.length !== plans.length) {
      throw new InvariantError(
        `writer: a batch of ${batch.data.children.length} columns where ${plans.length} were promised`,
      );
    }
    const encoders = plans.map(({ column, json }) => {
      const data = batch.data.children[column]!;
      return listEncoder(json ? jsonColumn(data) : data);
    });
    let at = 0;
    for (let row = 0; row < batch.numRows; row++) {
      let total = 0;
      for (let i = 0; i < plans.length; i++) {
        const list = encoders[i]!.bytes(row);
        const feature = 1 + varintBytes(list) + list;
        const entry = plans[i]!.key.length + 1 + varintBytes(feature) + feature;
        lists[i] = list;
        features[i] = feature;
        entries[i] = entry;
        total += 1 + varintBytes(entry) + entry;
      }
      const length = 1 + varintBytes(total) + total;
      if (length > MAXIMUM_RECORD_BYTES) {
        throw new InputError('TFRecord output', {
          expected: `records of at most ${MAXIMUM_RECORD_BYTES} bytes`,
          got: `${length}`,
        });
      }
      const needed = at + FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES;
      if (needed > out.length) {
        const larger = takeSpare(Math.max(FIRST_BYTES, needed, out.length * 2));
        larger.set(out.subarray(0, at));
        giveSpare(out);
        out = larger;
        view = new DataView(out.buffer);
      }
      view.setUint32(at, length, true);
      view.setUint32(at + 4, 0, true);
      view.setUint32(at + 8, lengthCrc(length), true);
      const start = at + FRAME_HEAD_BYTES;
      out[start] = TAG.features;
      let to = writeVarint(out, start + 1, total);
      for (let i = 0; i < plans.length; i++) {
        const { key, kindTag } = plans[i]!;
        out[to] = TAG.entry;
        to = writeVarint(out, to + 1, entries[i]!);
        copyBytes(out, to, key, 0, key.length);
        to += key.length;
        out[to] = TAG.value;
        to = writeVarint(out, to + 1, features[i]!);
        out[to] = kindTag;
        to = writeVarint(out, to + 1, lists[i]!);
        to = encoders[i]!.write(row, out, to);
      }
      if (to !== start + length) throw new InvariantError(`TFRecord: ${to - start} bytes written of ${length}`);
      view.setUint32(to, maskedCrc32c(out.subarray(start, to)), true);
      at = to + FRAME_TAIL_BYTES;
    }
    return at === 0 ? [] : [out.subarray(0, at)];
  };
  const close = () => {
    giveSpare(out);
    out = new Uint8Array(0);
    return [];
  };
  return { write, close };
}
