/** Formats that are written. A new one is one file and one line here. */
import type { Schema } from 'apache-arrow';
import { InputError } from '../schemas/errors.js';
import { arrowWriter } from './arrow-writer.js';
import { datacompWriter } from './datacomp.js';
import type { BatchWriter } from './format.js';
import { type ParquetOptions, parquetWriter } from './parquet-writer.js';
import { tfrecordWriter } from './tfrecord-writer.js';
import { webdatasetWriter } from './webdataset-writer.js';

export interface WriterOptions {
  /** Of Parquet files; the others are not compressed, as their readers want them. */
  readonly compression: ParquetOptions['compression'];
}

type OpenWriter = (schema: Schema, options: WriterOptions) => BatchWriter;

const writers: Readonly<Record<string, OpenWriter>> = {
  parquet: (schema, { compression }) => parquetWriter(schema, { compression }),
  arrow: (schema) => arrowWriter(schema),
  tfrecord: (schema) => tfrecordWriter(schema),
  webdataset: (schema) => webdatasetWriter(schema),
  datacomp: (schema) => datacompWriter(schema),
};

/** A writer of files of this format. Throws InputError for a name of none, or a column type that the format cannot hold. */
export function writerFor(format: string, schema: Schema, options: WriterOptions): BatchWriter {
  const open = Object.hasOwn(writers, format) ? writers[format] : undefined;
  if (open !== undefined) return open(schema, options);
  throw new InputError('format', { expected: Object.keys(writers).join(' or '), got: format });
}
