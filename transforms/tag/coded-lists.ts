/** Lists of strings with a dictionary, as a reader gives them to who asked for them. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { columnData, type ListColumn, type Utf8Column, utf8Of, validity } from './column.js';

/** Lists of strings by their numbers in a dictionary. */
export interface CodedListColumn extends Omit<ListColumn, 'items'> {
  readonly items: {
    readonly rows: number;
    /** [items] numbers in `dictionary`. */
    readonly codes: Uint8Array | Uint16Array | Int32Array;
    readonly dictionary: Utf8Column;
    /** The same object while the dictionary is the same. */
    readonly key: object;
    readonly valid?: Uint8Array;
  };
}

/** A column of lists of strings that have a dictionary, as readers of files make it; undefined for others. */
export function codedListColumn(batch: RecordBatch, name: string): CodedListColumn | undefined {
  const data = columnData(batch, name);
  if (!DataType.isList(data.type) || !DataType.isDictionary(data.type.children[0].type)) return undefined;
  const items = data.children[0]!;
  const [strings] = items.dictionary!.data;
  const itemsValid = validity(items);
  const valid = validity(data);
  return {
    rows: data.length,
    // The reader made them itself.
    offsets: data.valueOffsets as unknown as Int32Array,
    items: {
      rows: items.length,
      codes: items.values as Uint8Array | Uint16Array | Int32Array,
      dictionary: utf8Of(name, strings!),
      key: strings!,
      ...(itemsValid && { valid: itemsValid }),
    },
    ...(valid && { valid }),
  };
}
