/** Batches that grow row by row, for formats whose rows are read one by one. */
import { Field, type RecordBatch, Schema } from 'apache-arrow';
import { type ColumnBuilder, columnBuilder } from './column-builder.js';
import { batchOf } from './data.js';
import { arrowType } from './inferred.js';

export interface WalkedColumn {
  readonly name: string;
  /** As `joinTypes` has it. */
  readonly type: string;
  readonly builder: ColumnBuilder;
}

export class BatchBuilder {
  readonly columns: readonly WalkedColumn[];
  /** Rows that have ended. */
  rows = 0;
  private readonly schema: Schema;

  /** `passing`: the bytes of a binary column hold until a row is added after `finish`, and not longer. */
  constructor(columns: readonly { readonly name: string; readonly type: string; readonly passing?: boolean }[]) {
    this.columns = columns.map(({ name, type, passing }) => ({ name, type, builder: columnBuilder(type, passing) }));
    this.schema = new Schema(columns.map(({ name, type }) => new Field(name, arrowType(type), true)));
  }

  /** Bytes of the values so far. */
  get bytes(): number {
    return this.columns.reduce((sum, { builder }) => sum + builder.bytes, 0);
  }

  /** The row is null in the columns that were given nothing. */
  endRow(): void {
    this.rows++;
    for (const { builder } of this.columns) if (builder.rows < this.rows) builder.addNull();
  }

  /** The rows so far, which own their buffers but those that pass; the builder is empty again. */
  finish(): RecordBatch {
    const { rows } = this;
    this.rows = 0;
    return batchOf(
      this.schema,
      this.columns.map(({ builder }) => builder.finish()),
      rows,
    );
  }

  /** No row follows, and bytes that pass are void. */
  end(): void {
    for (const { builder } of this.columns) builder.end?.();
  }
}
