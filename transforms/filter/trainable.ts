/** Images that the trainers of a TFDS data set decode: one that they cannot decode ends their run. */
import type { FilterRule, OutputConfig } from '../../schemas/config.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { RASTER_FORMATS } from '../image/raster.js';

type Formats = Extract<FilterRule, { readonly image: unknown }>['image']['formats'];

/**
 * What `tf.image.decode_image` makes a picture [height, width, 3] of when a data set of TensorFlow Datasets is read with the feature `Image` (seen with TensorFlow
 * Datasets 4.9: GIF and WebP are decoded to four dimensions, and the run ends).
 */
const DECODED: Formats = ['jpeg', 'png', 'bmp'];

const decodedOf = (images: OutputConfig['images']): Formats => (images === undefined ? DECODED : [...RASTER_FORMATS]);

/** A column of bytes, as apache-arrow prints it. */
const BINARY = /^(?:Large)?Binary(?:View)?$/;

/**
 * The rules, and where TFRecords with images are written one more, the last, that keeps whole images of formats that are decoded: by trainers, or by us where images are
 * encoded again; none where a rule says that already.
 */
export function withTrainableImages(
  rules: readonly FilterRule[],
  columns: readonly ColumnInfo[],
  { formats, images: encoded }: Pick<OutputConfig, 'formats' | 'images'>,
): FilterRule[] {
  const images = columns.some(({ name, type }) => name === 'image' && BINARY.test(type));
  if (!images || !formats.includes('tfrecord')) return [...rules];
  const decoded = decodedOf(encoded);
  const told = rules.some((rule) => 'image' in rule && rule.image.formats.every((format) => decoded.includes(format)));
  return told ? [...rules] : [...rules, { image: { formats: decoded } }];
}
