/** Batches of a row group all of whose wanted columns lie packed in the file: made from its pages, without parquet-wasm. */
import {
  type Data,
  DataType,
  Dictionary,
  Field,
  Int32,
  List,
  makeData,
  type RecordBatch,
  Schema,
  Uint8,
  Uint16,
  Utf8,
  Vector,
} from 'apache-arrow';
import { makeArena, type Take } from './arena.js';
import { bitmapBytes, copyBits } from './bits.js';
import { batchOf } from './data.js';
import { BATCH_BYTES, PACKED_BATCH_ROWS } from './format.js';
import type { ChunkBytes } from './parquet-file.js';
import type { TopColumn } from './parquet-footer.js';
import { type Depth, type PackedBits, packedBits } from './parquet-packed.js';
import { type PackedStrings, packedStrings } from './parquet-packed-strings.js';
import { giveSpare, takeSpare } from './spares.js';

/** Rows, or items of lists, of a row group, at most, and bytes of all of its columns: larger ones are decoded a batch at a time. */
const MAXIMUM_ENTRIES = 2 ** 24;
const MAXIMUM_BYTES = 64 * 2 ** 20;

const OFFSET_BYTES = 4;
/** Memory is taken in multiples of 8 bytes. */
const ROUNDED_BYTES = 8;

/** A wanted column with its pages. */
export interface DirectColumn {
  readonly column: TopColumn;
  /** As batches of other readers have it. */
  readonly field: Field;
  readonly chunks: readonly ChunkBytes[];
}

/** A row group's column, of which batches are cut. */
interface Whole {
  readonly type: DataType;
  cut(from: number, to: number): Data;
  /** Of one row, about. */
  readonly rowBytes: number;
}

const isOptional = ({ repetition_type: repetition }: { repetition_type?: string | undefined }) =>
  repetition === 'OPTIONAL';

/** Of a flat column, or of a list of plain values; undefined for others. */
function depthOf({ elements }: TopColumn): Depth | undefined {
  const [top, repeated, leaf] = elements;
  if (top!.repetition_type === 'REPEATED') return undefined;
  if (elements.length === 1) return { optional: isOptional(top!) };
  const isList =
    elements.length === 3 && repeated!.repetition_type === 'REPEATED' && leaf!.repetition_type !== 'REPEATED';
  return isList ? { optional: isOptional(top!), items: { optional: isOptional(leaf!) } } : undefined;
}

/** Bits [from, to) from a byte of their own on; all of them as they are. */
function cutBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  if (from === 0 && bits.length === bitmapBytes(to)) return bits;
  const out = new Uint8Array(bitmapBytes(to - from));
  copyBits(bits, from, out, 0, to - from);
  return out;
}

const nullsOf = (validity: Uint8Array | undefined, from: number, to: number) =>
  validity === undefined ? { nullCount: 0 } : { nullCount: -1, nullBitmap: cutBits(validity, from, to) };

function wholeBits({ values, validity }: PackedBits, type: DataType): Whole {
  return {
    type,
    rowBytes: 1 / 8,
    cut: (from, to) =>
      makeData({
        type,
        length: to - from,
        ...nullsOf(validity, from, to),
        data: cutBits(values, from, to),
      } as never) as Data,
  };
}

function wholeStrings({ codes, dictionary, validity, lists }: PackedStrings, rows: number): Whole {
  const strings = makeData({
    type: new Utf8(),
    length: dictionary.offsets.length - 1,
    nullCount: 0,
    valueOffsets: dictionary.offsets,
    data: dictionary.bytes,
  });
  const numbers = codes instanceof Uint8Array ? new Uint8() : codes instanceof Uint16Array ? new Uint16() : new Int32();
  const type = new Dictionary(new Utf8(), numbers);
  const common = { type, dictionary: new Vector([strings]) };
  const rowBytes = (codes.BYTES_PER_ELEMENT * codes.length) / Math.max(1, rows) + OFFSET_BYTES;
  if (lists === undefined) {
    const cut = (from: number, to: number) =>
      makeData({
        ...common,
        length: to - from,
        ...nullsOf(validity, from, to),
        data: to - from === rows ? codes : codes.slice(from, to),
      });
    return { type, rowBytes, cut };
  }
  const listType = new List(new Field('item', type, true));
  return {
    type: listType,
    rowBytes,
    cut(from, to) {
      const whole = to - from === rows;
      const valueOffsets = whole ? lists.offsets : lists.offsets.slice(from, to + 1);
      const start = valueOffsets[0]!;
      const end = valueOffsets[to - from]!;
      if (start !== 0) for (let i = 0; i < valueOffsets.length; i++) valueOffsets[i]! -= start;
      const items = nullsOf(lists.validity, start, end);
      const child = makeData({
        ...common,
        length: end - start,
        ...items,
        data: whole ? codes : codes.slice(start, end),
      });
      return makeData({ type: listType, length: to - from, ...nullsOf(validity, from, to), valueOffsets, child });
    },
  };
}

const isStrings = (type: DataType) =>
  DataType.isUtf8(type) || (DataType.isList(type) && DataType.isUtf8(type.children[0].type));

function wholeOf(
  { column, field, chunks }: DirectColumn,
  dictionary: boolean,
  rows: number,
  take: Take,
): Whole | undefined {
  const depth = depthOf(column);
  if (depth === undefined || chunks.length !== 1) return undefined;
  const { chunk, pages } = chunks[0]!;
  if (Math.max(rows, chunk.values) > MAXIMUM_ENTRIES) return undefined;
  const packed = { pages, codec: chunk.meta.codec, rows, values: chunk.values };
  const { type } = chunk.meta;
  if (DataType.isBool(field.type) && type === 'BOOLEAN') {
    const bits = packedBits(packed, depth, take);
    return bits && wholeBits(bits, field.type);
  }
  if (!dictionary || !isStrings(field.type) || type !== 'BYTE_ARRAY') return undefined;
  const strings = packedStrings(packed, depth, take);
  return strings && wholeStrings(strings, rows);
}

/** What the columns take in memory, about. */
function expectedBytes(columns: readonly DirectColumn[], rows: number): number {
  return columns.reduce((sum, { field, chunks }) => {
    const flat = bitmapBytes(rows) + ROUNDED_BYTES;
    return DataType.isBool(field.type) ? sum + flat : sum + flat + OFFSET_BYTES * rows + (chunks[0]?.chunk.values ?? 0);
  }, 0);
}

/**
 * The batches of a row group, whose strings and lists of strings have a dictionary; undefined where some column is not packed, or not one that is known
 * here, or damaged. A batch holds until the next one is asked for, or no more are: its memory may be used again.
 * @param dictionaries names of columns that may come with a dictionary
 * @param batchRows rows of a batch, at most
 */
export function directBatches(
  columns: readonly DirectColumn[],
  rows: number,
  dictionaries: readonly string[],
  batchRows: number = PACKED_BATCH_ROWS,
): Iterable<RecordBatch> | undefined {
  let memory: Uint8Array<ArrayBuffer> | undefined;
  const arena = makeArena((bytes) => {
    memory = takeSpare(bytes);
    return memory.buffer;
  });
  const release = () => memory && giveSpare(memory);
  arena.reset(Math.min(MAXIMUM_BYTES, expectedBytes(columns, rows)));
  const wholes: Whole[] = [];
  let bytes = 0;
  for (const column of columns) {
    const whole = wholeOf(column, dictionaries.includes(column.column.name), rows, arena.take);
    bytes += (whole?.rowBytes ?? 0) * rows;
    if (whole === undefined || bytes > MAXIMUM_BYTES) {
      release();
      return undefined;
    }
    wholes.push(whole);
  }
  const schema = new Schema(columns.map(({ field }, i) => new Field(field.name, wholes[i]!.type, field.nullable)));
  const step = Math.max(1, Math.min(batchRows, Math.floor((BATCH_BYTES * rows) / Math.max(1, bytes))));
  return cutBatches(schema, wholes, { rows, step }, release);
}

function* cutBatches(
  schema: Schema,
  wholes: readonly Whole[],
  { rows, step }: { readonly rows: number; readonly step: number },
  release: () => void,
): Generator<RecordBatch> {
  try {
    for (let from = 0; from < rows; from += step) {
      const to = Math.min(rows, from + step);
      yield batchOf(
        schema,
        wholes.map((whole) => whole.cut(from, to)),
        to - from,
      );
    }
  } finally {
    release();
  }
}
