/** Formats that declare no types and have no index: a file is one group, and planning walks over it once. */
import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import type { FilePlan } from '../schemas/split.js';
import { BatchBuilder } from './batch-builder.js';
import { BATCH_ROWS, type Format } from './format.js';
import { settledType } from './inferred.js';
import { onceFor } from './once.js';

export interface Walked {
  readonly name: string;
  /** As errors call it. */
  readonly title: string;
  readonly extensions: readonly string[];
  /** Rows, and the narrowest types that hold their values. */
  scan(source: ByteSource): Promise<FilePlan>;
  /** All rows, by way of `batch`, which has the columns wanted. */
  read(source: ByteSource, batch: BatchBuilder, batchRows: number): AsyncIterable<RecordBatch>;
}

/** A column that no type was planned for, or a second group, is an InputError. */
export function walkedFormat({ name, title, extensions, scan, read }: Walked): Format {
  const plan = onceFor(scan);
  return {
    name,
    extensions,
    plan,
    async *read(source, group, names, batchRows = BATCH_ROWS, types, { passing = false } = {}) {
      const fail = (place: string, expected: string, got: string) =>
        new InputError(title, { file: source.name, place, expected, got });
      if (group !== 0) throw fail(`group ${group}`, 'group 0', 'none');
      const planned =
        types ?? Object.fromEntries((await plan(source)).columns.map((c) => [c.name, settledType(c.type)]));
      const columns = (names ?? Object.keys(planned)).map((column) => {
        if (Object.hasOwn(planned, column)) return { name: column, type: planned[column]!, passing };
        throw fail(`column ${column}`, 'a column of this name', Object.keys(planned).join(', '));
      });
      const batch = new BatchBuilder(columns);
      try {
        yield* read(source, batch, batchRows);
      } finally {
        batch.end();
      }
    },
  };
}
