/**
 * The two files beside TFRecord shards that make a folder of them a prepared data set of TensorFlow Datasets, so that `tfds.builder_from_directory`
 * opens it: features.json and dataset_info.json. Both are parsed as strict protocol buffers there (tensorflow_datasets 4.9, `feature.proto` and
 * `dataset_info.proto`): an unknown key ends the reading, so nothing of our own stands in them.
 */
import { type DataType, type Schema, Type } from 'apache-arrow';
import { tfFeature } from './tfrecord-columns.js';
import { FRAME_HEAD_BYTES, FRAME_TAIL_BYTES } from './tfrecord-frame.js';

export const TFDS_FEATURES_FILE = 'features.json';
export const TFDS_INFO_FILE = 'dataset_info.json';

/** Classes of features, by the paths that TFDS looks them up by; the public ones are refused. */
const CLASSES = 'tensorflow_datasets.core.features.';

export interface TfdsSplit {
  readonly name: string;
  /** In the order of their numbers. `bytes`: of the file. */
  readonly shards: readonly { readonly rows: number; readonly bytes: number }[];
}

export interface TfdsInfo {
  /** First part of the names of the shards. */
  readonly name: string;
  readonly description: string;
  readonly splits: readonly TfdsSplit[];
}

const feature = (name: string, body: object) => ({ pythonClassName: `${CLASSES}${name}`, ...body });

const text = () => feature('text_feature.Text', { text: {} });

const scalar = (dtype: string) => feature('scalar.Scalar', { tensor: { shape: {}, dtype, encoding: 'none' } });

/** A tensor and not a scalar: bytes that are no text. */
const bytes = () => feature('tensor_feature.Tensor', { tensor: { shape: {}, dtype: 'string', encoding: 'none' } });

/** Of any size and file type that TensorFlow decodes. */
const image = () =>
  feature('image_feature.Image', { image: { shape: { dimensions: ['-1', '-1', '3'] }, dtype: 'uint8' } });

const sequence = (item: object) => feature('sequence_feature.Sequence', { sequence: { feature: item, length: '-1' } });

/** Integers of 64 bits without a sign are declared as such, since they are written as the same 64 bits; all others are int64 in the records. */
function integer(type: DataType): string {
  if (type.typeId === Type.Bool) return 'bool';
  const { bitWidth, isSigned } = type as DataType & { bitWidth?: number; isSigned?: boolean };
  return type.typeId === Type.Int && bitWidth === 64 && isSigned === false ? 'uint64' : 'int64';
}

function leafOf(type: DataType): DataType {
  return type.typeId === Type.List || type.typeId === Type.FixedSizeList ? leafOf(type.children[0]!.type) : type;
}

function featureOf(type: DataType): object {
  const { kind, list, content } = tfFeature(type);
  const item =
    kind === 'float'
      ? scalar('float32')
      : kind === 'int64'
        ? scalar(integer(leafOf(type)))
        : content === 'binary'
          ? bytes()
          : text();
  return list ? sequence(item) : item;
}

/**
 * features.json of the records that `tfrecordWriter` makes of this schema: the column `images` (binary) is an Image, text a Text, numbers Scalars,
 * lists Sequences, other bytes a string Tensor. Image has no encodingFormat, so that each row may have its own.
 */
export function tfdsFeatures(schema: Schema, images = 'image'): string {
  const features = schema.fields.map(({ name, type }) => [
    name,
    name === images && type.typeId === Type.Binary ? image() : featureOf(type),
  ]);
  const body = { featuresDict: { features: Object.fromEntries(features) } };
  return `${JSON.stringify(feature('features_dict.FeaturesDict', body), null, 2)}\n`;
}

/** dataset_info.json: names and lengths of the shards, and the bytes of their records without the frames. 64-bit integers are text, as protobuf's JSON has them. */
export function tfdsInfo({ name, description, splits }: TfdsInfo): string {
  const recordBytes = ({ rows, bytes: all }: TfdsSplit['shards'][number]) =>
    all - rows * (FRAME_HEAD_BYTES + FRAME_TAIL_BYTES);
  const info = {
    name,
    version: '1.0.0',
    description,
    fileFormat: 'tfrecord',
    moduleName: 'm4_balance',
    splits: splits.map((split) => ({
      name: split.name,
      numBytes: String(split.shards.reduce((sum, shard) => sum + recordBytes(shard), 0)),
      shardLengths: split.shards.map(({ rows }) => String(rows)),
      filepathTemplate: '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}',
    })),
  };
  return `${JSON.stringify(info, null, 2)}\n`;
}
