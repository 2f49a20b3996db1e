/** What a source of attributes or labels sees: a batch to prepare for, then its rows in order. */
import type { RecordBatch } from 'apache-arrow';

/** Evidence on an attribute in one row, or-ed together: its own value was seen, another was. Neither, or both: unknown. */
export const OWN = 1;
export const OTHER = 2;

export interface RowSink {
  /** [rows, m] of evidence. */
  readonly attributes: Uint8Array;
  /** m. */
  readonly attributeCount: number;
  /** Adds a label to the current row; repeats are allowed. */
  push(label: number): void;
}

/** A sink for all rows of a batch at once. */
export interface BatchSink extends RowSink {
  /** Adds a label to any row; repeats are allowed. */
  add(row: number, label: number): void;
}

export interface TagSource {
  /** Columns that it reads. */
  readonly columns: readonly string[];
  begin(batch: RecordBatch): void;
  tag(row: number, sink: RowSink): void;
  /** Tags all rows at once, column by column, where the batch allows it: several times faster. false: it does not, and nothing was done. */
  tagAll?(rows: number, sink: BatchSink): boolean;
}
