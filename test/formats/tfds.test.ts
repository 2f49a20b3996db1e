import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Binary,
  Bool,
  type DataType,
  Decimal,
  Field,
  FixedSizeList,
  Float64,
  Int32,
  List,
  Schema,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { decodeSchema, encodeSchema } from '../../formats/schema-bytes.js';
import { tfdsFeatures, tfdsInfo } from '../../formats/tfds.js';

const CLASSES = 'tensorflow_datasets.core.features.';

test('features.json: the class and dtype of each type that is written', () => {
  const types: Record<string, DataType> = {
    image: new Binary(),
    text: new Utf8(),
    blob: new Binary(),
    flag: new Bool(),
    width: new Int32(),
    hash: new Uint64(),
    score: new Float64(),
    tags: new List(new Field('item', new Utf8(), true)),
    boxes: new List(new Field('item', new FixedSizeList(4, new Field('item', new Float64(), true)), true)),
    price: new Decimal(2, 10),
  };
  const schema = new Schema(Object.entries(types).map(([name, type]) => new Field(name, type, true)));
  const { pythonClassName, featuresDict } = JSON.parse(tfdsFeatures(decodeSchema(encodeSchema(schema))));
  assert.equal(pythonClassName, `${CLASSES}features_dict.FeaturesDict`);
  const shape = {};
  const scalar = (dtype: string) => ({
    pythonClassName: `${CLASSES}scalar.Scalar`,
    tensor: { shape, dtype, encoding: 'none' },
  });
  const text = { pythonClassName: `${CLASSES}text_feature.Text`, text: {} };
  const sequence = (feature: object) => ({
    pythonClassName: `${CLASSES}sequence_feature.Sequence`,
    sequence: { feature, length: '-1' },
  });
  assert.deepEqual(featuresDict.features, {
    image: {
      pythonClassName: `${CLASSES}image_feature.Image`,
      image: { shape: { dimensions: ['-1', '-1', '3'] }, dtype: 'uint8' },
    },
    text,
    blob: {
      pythonClassName: `${CLASSES}tensor_feature.Tensor`,
      tensor: { shape, dtype: 'string', encoding: 'none' },
    },
    flag: scalar('bool'),
    width: scalar('int64'),
    hash: scalar('uint64'),
    score: scalar('float32'),
    tags: sequence(text),
    boxes: sequence(scalar('float32')),
    price: text,
  });
});

test('dataset_info.json: lengths as text, bytes without the frames of the records, empty splits', () => {
  const shards = [
    { rows: 3, bytes: 3 * 16 + 100 },
    { rows: 1, bytes: 16 + 7 },
  ];
  const splits = [
    { name: 'train', shards },
    { name: 'raw', shards: [] },
  ];
  const info = JSON.parse(tfdsInfo({ name: 'pairs', description: 'd', splits }));
  const filepathTemplate = '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}';
  assert.deepEqual(info, {
    name: 'pairs',
    version: '1.0.0',
    description: 'd',
    fileFormat: 'tfrecord',
    moduleName: 'm4_balance',
    splits: [
      { name: 'train', numBytes: '107', shardLengths: ['3', '1'], filepathTemplate },
      { name: 'raw', numBytes: '0', shardLengths: [], filepathTemplate },
    ],
  });
});
