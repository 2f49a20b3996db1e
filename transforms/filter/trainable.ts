/** Images that trainers decode: one that they cannot decode ends their run, or is left out in silence, so that they train on another mixture than was made. */
import type { FilterRule, OutputConfig, OutputFormat } from '../../schemas/config.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { RASTER_FORMATS } from '../image/raster.js';

type Formats = Extract<FilterRule, { readonly image: unknown }>['image']['formats'];

/**
 * TFRecords: formats that the Image feature of TensorFlow Datasets decodes with `as_dataset`. WebP it does not, and of GIF it makes four dimensions, which end the
 * run where a picture has three; big_vision's `decode` would take both. WebDataset: the extensions that open_clip trains on; it passes over a sample that has none of
 * them, and the webdataset package ends on one.
 */
const DECODED: Partial<Record<OutputFormat, Formats>> = {
  tfrecord: ['jpeg', 'png', 'bmp'],
  webdataset: ['jpeg', 'png', 'webp'],
};

/**
 * Formats of the images that are kept for what is written: those that the trainers of each output format decode, or we where images are encoded again. undefined:
 * nothing that is written goes to a trainer as it is.
 */
export function trainableFormats({ formats, images }: Pick<OutputConfig, 'formats' | 'images'>): Formats | undefined {
  const decoded = formats.flatMap((format) => {
    const found = DECODED[format];
    return found === undefined ? [] : [found];
  });
  const [first, ...rest] = decoded;
  if (first === undefined) return undefined;
  if (images !== undefined) return [...RASTER_FORMATS];
  return first.filter((format) => rest.every((others) => others.includes(format)));
}

/** A column of bytes, as apache-arrow prints it. */
const BINARY = /^(?:Large)?Binary(?:View)?$/;

/**
 * The rules, and where TFRecords or tar files with images are written one more, the last, that keeps whole images of the formats that are trained on; none where a
 * rule says that already.
 */
export function withTrainableImages(
  rules: readonly FilterRule[],
  columns: readonly ColumnInfo[],
  output: Pick<OutputConfig, 'formats' | 'images'>,
): FilterRule[] {
  const images = columns.some(({ name, type }) => name === 'image' && BINARY.test(type));
  const trainable = trainableFormats(output);
  if (!images || trainable === undefined) return [...rules];
  const told = rules.some(
    (rule) => 'image' in rule && rule.image.formats.every((format) => trainable.includes(format)),
  );
  return told ? [...rules] : [...rules, { image: { formats: trainable } }];
}
