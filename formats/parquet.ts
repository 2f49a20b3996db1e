import { type DataType, type RecordBatch, Schema } from 'apache-arrow';
import { readParquet, wasmMemory } from 'parquet-wasm';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { batchOf } from './data.js';
import { BATCH_ROWS, type Format } from './format.js';
import { type ChunkBytes, fetchChunks, smallFile } from './parquet-file.js';
import { type Footer, parquetError, readFooter, type TopColumn } from './parquet-footer.js';
import { checkPages } from './parquet-pages.js';
import { type ColumnTypes, columnTypes, schemaHint } from './parquet-schema.js';
import { columnsAt } from './wasm-arrays.js';

/** Aim for the uncompressed size of a batch. */
const BATCH_BYTES = 2 * 2 ** 20;

/**
 * The wanted columns of one row group, uncompressed, at most. They are decoded at once, in WebAssembly memory that ends at 4 GiB and
 * never shrinks; writers make row groups of about 128 MiB.
 */
const MAXIMUM_GROUP_BYTES = 2 ** 30;

function selected(footer: Footer, columns: readonly string[] | undefined, file: string): TopColumn[] {
  if (columns === undefined) {
    const twice = footer.columns.find((c, i) => footer.columns.findIndex((d) => d.name === c.name) !== i);
    if (twice === undefined) return [...footer.columns];
    throw parquetError(file, `column ${twice.name}`, 'each column name once', 'two columns of this name');
  }
  return columns.map((name) => {
    const found = footer.columns.filter((c) => c.name === name);
    if (found.length === 1) return found[0]!;
    const got =
      found.length > 1 ? 'two columns of this name' : footer.columns.map((c) => c.name).join(', ') || 'no columns';
    throw parquetError(file, `column ${name}`, 'a column of this name', got);
  });
}

function decode(file: Uint8Array, batchSize: number) {
  // parquet-wasm throws strings and, after a panic, WebAssembly.RuntimeErrors.
  try {
    return { table: readParquet(file, { batchSize }) };
  } catch (error) {
    const text =
      (error as Error)?.name === 'RuntimeError'
        ? 'data that its decoder gave up on'
        : String((error as Error)?.message ?? error);
    return { text, error };
  }
}

interface Wanted {
  readonly footer: Footer;
  readonly types: ColumnTypes;
  readonly columns: readonly TopColumn[];
  readonly rows: number;
  readonly chunks: readonly (readonly ChunkBytes[])[];
}

function fileOf({ footer, types, rows }: Wanted, columns: readonly TopColumn[], chunks: Wanted['chunks']): Uint8Array {
  const fields = columns.map((c) => types.fields[footer.columns.indexOf(c)]!);
  const hint = columns.some((c) => types.int96.has(c)) ? schemaHint(fields) : undefined;
  return smallFile(footer, columns, rows, chunks.flat(), hint);
}

/** Decodes the columns together; where that fails, one by one, to name the one that is bad. */
function decodeGroup(wanted: Wanted, batchRows: number, file: string, place: string) {
  const { table, text, error } = decode(fileOf(wanted, wanted.columns, wanted.chunks), batchRows);
  if (table !== undefined) return table;
  for (const [i, column] of wanted.columns.entries()) {
    const alone = decode(fileOf(wanted, [column], [wanted.chunks[i]!]), batchRows);
    alone.table?.free();
    if (alone.table !== undefined) continue;
    throw parquetError(
      file,
      `${place}, column ${column.name}`,
      'column data that can be decoded',
      alone.text,
      alone.error,
    );
  }
  throw parquetError(file, place, 'data that can be decoded', text, error);
}

async function fetchColumns(source: ByteSource, footer: Footer, group: number, columns: readonly TopColumn[]) {
  const place = `row group ${group}`;
  const { chunks, rows } = footer.groups[group]!;
  const leaves = columns.flatMap((c) => chunks.slice(c.firstLeaf, c.firstLeaf + c.paths.length));
  const refuse = (bytes: number, what: string) => {
    if (bytes <= MAXIMUM_GROUP_BYTES) return;
    throw new InputError('Parquet: row group too large', {
      file: source.name,
      place,
      expected: `at most ${MAXIMUM_GROUP_BYTES} bytes in the columns wanted`,
      got: `${bytes} bytes ${what}`,
      hint: 'Rewrite the file with smaller row groups.',
    });
  };
  refuse(
    leaves.reduce((sum, c) => sum + c.uncompressedBytes, 0),
    'according to the footer',
  );
  refuse(
    leaves.reduce((sum, c) => sum + c.end - c.start, 0),
    'compressed',
  );
  // A page of nulls or repeats takes no room in the file, but each value does once decoded.
  refuse(
    leaves.reduce((sum, c) => sum + c.values * valueBytes(c.meta.type), 0),
    'once decoded',
  );
  const fetched = await fetchChunks(source, leaves);
  let uncompressed = 0;
  const checked = leaves.map((chunk, i): ChunkBytes => {
    const bytes = fetched[i]!;
    const at = `${place}, column ${chunk.meta.path_in_schema.join('.')}`;
    const pages = checkPages(bytes, chunk, source.name, at);
    uncompressed += pages.uncompressedBytes;
    return { chunk, bytes, dictionary: pages.dictionary };
  });
  refuse(uncompressed, 'according to the page headers');
  let leaf = 0;
  return {
    rows,
    chunks: columns.map((c) => {
      leaf += c.paths.length;
      return checked.slice(leaf - c.paths.length, leaf);
    }),
  };
}

/** Bytes that one value takes at least once it is an Arrow value. */
function valueBytes(type: string): number {
  switch (type) {
    case 'BOOLEAN':
      return 1 / 8;
    case 'INT64':
    case 'DOUBLE':
    case 'INT96':
      return 8;
    default:
      return 4;
  }
}

async function* readGroup(
  source: ByteSource,
  group: number,
  names?: readonly string[],
  batchRows: number = BATCH_ROWS,
): AsyncGenerator<RecordBatch> {
  const file = source.name;
  const place = `row group ${group}`;
  const footer = await readFooter(source);
  if (footer.groups[group] === undefined)
    throw parquetError(file, place, `one of ${footer.groups.length} row groups`, 'none');
  const columns = selected(footer, names, file);
  const types = columnTypes(footer, file);
  const schema = new Schema(columns.map((c) => types.fields[footer.columns.indexOf(c)]!));
  const total = footer.groups[group]!.rows;
  if (columns.length === 0) {
    for (let at = 0; at < total; at += batchRows) yield batchOf(schema, [], Math.min(batchRows, total - at));
    return;
  }
  if (total === 0) return;
  const { rows, chunks } = await fetchColumns(source, footer, group, columns);
  const bytes = chunks.flat().reduce((sum, { chunk }) => sum + chunk.uncompressedBytes, 0);
  const step = Math.max(1, Math.min(batchRows, Math.floor((BATCH_BYTES * rows) / Math.max(1, bytes))));
  const table = decodeGroup({ footer, types, columns, rows, chunks }, step, file, place);
  const wantedTypes = schema.fields.map(({ type }) => type as DataType);
  const arrays = table.intoFFI();
  try {
    let seen = 0;
    for (let i = 0; i < arrays.numArrays(); i++) {
      // One batch at a time leaves WebAssembly memory: no second copy of the whole row group. Memory that grows is another buffer.
      const { buffer } = wasmMemory() as unknown as { readonly buffer: ArrayBuffer };
      const { columns: data, rows: count } = columnsAt(buffer, arrays.arrayAddr(i), wantedTypes);
      seen += count;
      yield batchOf(schema, data, count);
    }
    if (seen !== rows) throw parquetError(file, place, `${rows} rows, as its footer says`, `${seen}`);
  } finally {
    arrays.free();
  }
}

/**
 * Apache Parquet: a group is a row group. All codecs of parquet-rs (snappy, gzip, zstd, brotli, lz4) and encodings. The columns that are wanted,
 * and only they, are fetched, their pages' lengths and checksums checked, and decoded by parquet-wasm from a small file in memory.
 */
export const parquet: Format = {
  name: 'parquet',
  extensions: ['.parquet', '.parq'],
  async plan(source) {
    const footer = await readFooter(source);
    const { fields } = columnTypes(footer, source.name);
    return {
      columns: fields.map((f) => ({ name: f.name, type: String(f.type), nullable: f.nullable })),
      groups: footer.groups.map(({ rows, bytes }) => ({ rows, bytes })),
    };
  },
  read: readGroup,
};
