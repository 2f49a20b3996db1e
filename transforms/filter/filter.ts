/** What a filter is. */
import type { RecordBatch } from 'apache-arrow';

export interface SelectContext {
  /** Global row number of the batch's first row, before anything was dropped. */
  readonly firstRow: number;
}

/** Drops rows for named reasons. A row that is null where a filter looks is dropped, under a reason of its own. */
export interface Filter {
  readonly name: string;
  readonly reasons: readonly string[];
  /** Columns that it cannot do without. */
  readonly columns: readonly string[];
  /** Columns that it also reads where the input has them. */
  readonly optionalColumns?: readonly string[];
  /** To be awaited once before `select`, where present. */
  prepare?(): Promise<void>;
  /**
   * Marks rows that fail: where drop[i] is 0, sets it to firstCode + the position of the reason.
   * @param drop [rows].
   * @throws InputError for a column that is missing, of the wrong type, or corrupt.
   */
  select(batch: RecordBatch, drop: Uint8Array, firstCode: number, context?: SelectContext): void;
}

/** "words" for the usual column, "words alt_text" for another. */
export function filterName(rule: string, column: string, usual: string): string {
  return column === usual ? rule : `${rule} ${column}`;
}
