/** What a source of attributes or labels sees: a batch to prepare for, then its rows in order. */
import type { RecordBatch } from 'apache-arrow';
import type { LabelCounter } from '../../schemas/tags.js';

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
  /** Those that it also takes with a dictionary, and then gains by it. */
  readonly dictionaries?: readonly string[];
  /** Does at once what else the first row does, and takes long: called again, or not at all, it makes no difference to what is tagged. */
  compile?(): void;
  begin(batch: RecordBatch): void;
  tag(row: number, sink: RowSink): void;
  /** Tags all rows at once, column by column, where the batch allows it: several times faster. false: it does not, and nothing was done. */
  tagAll?(rows: number, sink: BatchSink): boolean;
  /**
   * Of a source of one attribute that can tell all rows at once, without evidence: adds `factor` times its value to the code of each row.
   * false: this batch does not allow it, and nothing was done.
   */
  addCodes?(codes: Uint16Array, factorOf: (attribute: number) => number): boolean;
  /**
   * Of a source of labels that can count those of the batch without making its rows: how, which holds after the next `begin` too. undefined: this batch
   * does not allow it.
   */
  counter?(rows: number): LabelCounter | undefined;
}
