/** One shard while it is written: a file a format for the rows that are kept, one for the weights of all rows. */
import type { RecordBatch } from 'apache-arrow';
import type { BatchWriter } from '../../formats/index.js';
import { writerFor } from '../../formats/writers.js';
import type { ByteSink } from '../../schemas/bytes.js';
import type { Config } from '../../schemas/config.js';
import { below, storageFor } from '../../storage/index.js';
import { columnsFor } from './training-rows.js';

/** Rows of the balanced split; or `raw`: as they were before they were balanced, for the first of two stages of training. */
export type RowKind = 'shard' | 'raw';

/** A file that was written, under its temporary name. */
export interface PartFile {
  readonly kind: RowKind | 'weights';
  readonly format: string;
  /** Relative to the data folder. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

interface OpenFile {
  readonly writer: BatchWriter;
  readonly sink: ByteSink;
  rows: number;
}

export interface PartWriter {
  /** Rows of the shard, copies repeated. The first `inputs` columns are the input's. */
  write(kind: RowKind, batch: RecordBatch, inputs: number): Promise<void>;
  writeWeights(batch: RecordBatch): Promise<void>;
  /** Files with at least one row. */
  close(): Promise<PartFile[]>;
  abort(): Promise<void>;
}

/** Files appear with their first row, so a shard that keeps nothing leaves nothing. `part` is what tells their names from those of others. */
export function openPart(directory: string, part: string, output: Config['output']): PartWriter {
  const files = new Map<string, OpenFile>();
  const path = (kind: string, format: string) => `${kind}-part-${part}.${format}`;

  async function append(kind: PartFile['kind'], format: string, batch: RecordBatch): Promise<void> {
    if (batch.numRows === 0) return;
    const name = path(kind, format);
    let file = files.get(name);
    if (file === undefined) {
      const sink = await storageFor(directory).create(below(directory, name));
      file = { sink, writer: writerFor(format, batch.schema, { compression: output.compression }), rows: 0 };
      files.set(name, file);
    }
    file.rows += batch.numRows;
    for (const chunk of await file.writer.write(batch)) await file.sink.write(chunk);
  }

  return {
    async write(kind, batch, inputs) {
      for (const format of output.formats) await append(kind, format, columnsFor(format, batch, inputs));
    },
    async writeWeights(batch) {
      if (output.weights !== 'none') await append('weights', output.weights, batch);
    },
    async close() {
      const written: PartFile[] = [];
      for (const [name, file] of files) {
        for (const chunk of await file.writer.close()) await file.sink.write(chunk);
        const { bytes, sha256 } = await file.sink.close();
        const [kind] = name.split('-', 1) as [PartFile['kind']];
        written.push({
          kind,
          format: name.slice(name.lastIndexOf('.') + 1),
          path: name,
          rows: file.rows,
          bytes,
          sha256,
        });
      }
      files.clear();
      return written;
    },
    async abort() {
      for (const file of files.values()) await file.sink.abort();
      files.clear();
    },
  };
}
