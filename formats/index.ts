import { InputError } from '../schemas/errors.js';
import { arrow } from './arrow.js';
import type { Format } from './format.js';
import { parquet } from './parquet.js';
import { parquetThread } from './parquet-thread.js';
import { tfrecord } from './tfrecord.js';
import { webdataset } from './webdataset.js';

export { arrowWriter } from './arrow-writer.js';
export { packBits } from './bits.js';
export type { BatchWriter, Format } from './format.js';
export { BATCH_ROWS } from './format.js';
export { type ImageFormat, type ImageHeader, imageFormat, imageHeader } from './image-header.js';
export { joinTypes, settledType } from './inferred.js';
export { type FloatType, openNpy, type VectorArray } from './npy.js';
export { findInNpz, openNpz } from './npz.js';
export { parquetWriter } from './parquet-writer.js';
export { tfrecordWriter } from './tfrecord-writer.js';

/** Formats that are read. A new one is one file and one line here, with the first bytes of its files. */
const formats: readonly { readonly format: Format; readonly heads: readonly string[] }[] = [
  { format: parquet, heads: ['PAR1'] },
  { format: arrow, heads: ['ARROW1', '\xff\xff\xff\xff'] },
  { format: webdataset, heads: [] },
  { format: tfrecord, heads: [] },
];

/** Endings of the files that a folder is searched for. */
export const DATA_SUFFIXES: readonly string[] = formats.flatMap(({ format }) => format.extensions);

/** The format of this name, as a Split carries it. Throws an InputError. */
export function formatNamed(name: string): Format {
  const found = formats.find(({ format }) => format.name === name);
  if (found !== undefined) return found.format;
  const expected = formats.map(({ format }) => format.name).join(' or ');
  throw new InputError('format', { expected, got: name });
}

/** Whether groups of this format are decoded by another thread, so that reading one before it is wanted gains time. */
export function readsAhead(name: string): boolean {
  return name === parquet.name && parquetThread() !== undefined;
}

/** A name without the number of a shard, as TensorFlow Datasets puts it behind the ending: `pairs-train.tfrecord-00000-of-00004`. */
function withoutShard(name: string): string {
  return name.replace(/-\d+-of-\d+$/, '');
}

/** The format of a file by its ending and, failing that, by its first bytes. Throws an InputError for a file of neither. */
export function formatFor(path: string, head?: Uint8Array): Format {
  const name = withoutShard(path.toLowerCase());
  const byEnding = formats.find(({ format }) => format.extensions.some((e) => name.endsWith(e)));
  if (byEnding !== undefined) return byEnding.format;
  const start = Buffer.from(head ?? []).toString('latin1');
  const byHead = formats.find(({ heads }) => heads.some((h) => start.startsWith(h)));
  if (byHead !== undefined) return byHead.format;
  throw new InputError('format', {
    file: path,
    expected: `a Parquet, Arrow, WebDataset or TFRecord file (${DATA_SUFFIXES.join(', ')})`,
    got: 'none by its name or its first bytes',
  });
}
