/** The value that a row has in a slicing, as UTF-8 bytes. Values come from the open web: they are bounded here and escaped where shown. */
import type { RecordBatch } from 'apache-arrow';
import type { Tags } from '../../schemas/tags.js';
import type { Utf8Column } from '../tag/column.js';

/** Bytes of a value that are kept; longer ones are cut, and equal where their beginnings are. Ours. */
const LONGEST_VALUE = 200;
/** Distinct keys whose text is remembered. */
const REMEMBERED = 100_000;

export interface SliceValues {
  readonly name: string;
  readonly by: string;
  /** Columns that `begin` reads. */
  readonly columns: readonly string[];
  /** Loads what `find` needs. */
  prepare?(): Promise<void>;
  begin(batch: RecordBatch, tags: Tags): void;
  /** Puts the row's value into `bytes[start .. end)`; false: it has none. */
  find(row: number): boolean;
  bytes: Uint8Array;
  start: number;
  end: number;
}

const encoder = new TextEncoder();

/** Text of keys of which few differ, as bytes. */
export function remembering<K>(textOf: (key: K) => string): (key: K) => Uint8Array {
  const known = new Map<K, Uint8Array>();
  return (key) => {
    let bytes = known.get(key);
    if (bytes === undefined) {
      bytes = encoder.encode(textOf(key));
      if (known.size < REMEMBERED) known.set(key, bytes);
    }
    return bytes;
  };
}

export function put(values: SliceValues, bytes: Uint8Array): true {
  values.bytes = bytes;
  values.start = 0;
  values.end = bytes.length;
  return true;
}

export const isValid = (column: { readonly valid?: Uint8Array }, row: number) =>
  column.valid === undefined || column.valid[row] === 1;
export const NONE = { bytes: new Uint8Array(0), start: 0, end: 0 };

/** Strings as they are, cut. An empty string is no value. */
export function stringValue(values: SliceValues, column: Utf8Column, row: number): boolean {
  values.bytes = column.values;
  values.start = column.offsets[row];
  values.end = Math.min(column.offsets[row + 1], values.start + LONGEST_VALUE);
  return values.end > values.start && isValid(column, row);
}
