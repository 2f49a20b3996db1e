import { type ColumnMetaData, type FileMetaData, parquetMetadata, type SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { onceFor } from './once.js';
import { readThriftStruct } from './parquet-thrift.js';

/** The four bytes at both ends of a Parquet file. */
export const PARQUET_MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

/** Footers are mostly below 1 MB, and take 20 times their size once parsed. */
const MAXIMUM_FOOTER_BYTES = 64 * 2 ** 20;

/** Read from the end of the file at first: enough for most footers. */
const TAIL_BYTES = 64 * 1024;

/** Levels of nesting; parquet-rs takes more, its recursion does not. */
const MAXIMUM_SCHEMA_DEPTH = 64;

/** Rows of one row group: row numbers in a group are 32-bit integers. */
const MAXIMUM_GROUP_ROWS = 2 ** 31 - 1;

/** The bytes of one leaf column in one row group. */
export interface Chunk {
  /** [start, end) in the file. */
  readonly start: number;
  readonly end: number;
  readonly values: number;
  readonly uncompressedBytes: number;
  readonly meta: ColumnMetaData;
}

/** One top-level column: its elements of the schema list, and its leaves, numbered through the file. */
export interface TopColumn {
  readonly name: string;
  readonly elements: readonly SchemaElement[];
  readonly firstLeaf: number;
  /** Names from the top-level column down to each leaf. */
  readonly paths: readonly (readonly string[])[];
}

export interface Footer {
  readonly root: SchemaElement;
  readonly columns: readonly TopColumn[];
  readonly groups: readonly { readonly rows: number; readonly bytes: number; readonly chunks: readonly Chunk[] }[];
}

/** An error about a Parquet file. */
export function parquetError(
  file: string,
  place: string | undefined,
  expected: string,
  got: string,
  cause?: unknown,
): InputError {
  return new InputError('Parquet', { file, place, expected, got }, { cause });
}

const startsWith = (bytes: Uint8Array, magic: string, at: number) =>
  Buffer.from(bytes).toString('latin1', at, at + 4) === magic;

/** A thrift integer as a number; NaN where it is absent or beyond 2^53, so that every comparison with it fails. */
function count(value: bigint | number | undefined): number {
  const n = Number(value ?? Number.NaN);
  return Number.isSafeInteger(n) ? n : Number.NaN;
}

async function footerBytes(source: ByteSource): Promise<Uint8Array> {
  const fail = (expected: string, got: string): never => {
    throw parquetError(source.name, undefined, expected, got);
  };
  if (source.bytes === 0) fail('a Parquet file', 'an empty file');
  if (source.bytes < 12) fail('a Parquet file', `${source.bytes} bytes`);
  const tail = await source.read(Math.max(0, source.bytes - TAIL_BYTES), source.bytes);
  if (startsWith(tail, 'PARE', tail.length - 4)) fail('a Parquet file that is not encrypted', 'an encrypted footer');
  if (!startsWith(tail, 'PAR1', tail.length - 4)) {
    const head = await source.read(0, 4);
    const cut = startsWith(head, 'PAR1', 0);
    fail('PAR1 as its last 4 bytes', cut ? 'a Parquet file that is cut off' : 'something that is not Parquet');
  }
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(tail.length - 8, true);
  if (length > source.bytes - 12) fail(`a footer within ${source.bytes} bytes`, `one of ${length} bytes`);
  if (length > MAXIMUM_FOOTER_BYTES) fail(`a footer of at most ${MAXIMUM_FOOTER_BYTES} bytes`, `${length} bytes`);
  if (length + 8 <= tail.length) return tail.subarray(tail.length - length - 8);
  return source.read(source.bytes - length - 8, source.bytes);
}

/** Splits the flat, depth-first list of schema elements into top-level columns. */
function topColumns(schema: readonly SchemaElement[], fail: (expected: string, got: string) => never): TopColumn[] {
  if (schema[0] === undefined) return fail('a schema', 'none');
  const wanted = schema[0].num_children ?? 0;
  const columns: TopColumn[] = [];
  let at = 1;
  let leaf = 0;
  const walk = (above: readonly string[]): (readonly string[])[] => {
    const element = schema[at++];
    if (element === undefined) return fail(`${wanted} columns in the schema`, `${columns.length}`);
    const path = [...above, element.name];
    const children = element.num_children ?? 0;
    if (children === 0 && element.type !== undefined) return [path];
    if (!(children > 0 && children < schema.length))
      return fail('a schema', `the column ${path.join('.')} without a type`);
    if (path.length > MAXIMUM_SCHEMA_DEPTH) return fail(`columns nested at most ${MAXIMUM_SCHEMA_DEPTH} deep`, 'more');
    return Array.from({ length: children }, () => walk(path)).flat();
  };
  while (columns.length < wanted) {
    const first = at;
    const paths = walk([]);
    columns.push({ name: schema[first]!.name, elements: schema.slice(first, at), firstLeaf: leaf, paths });
    leaf += paths.length;
  }
  if (at !== schema.length) return fail(`${at} schema elements`, `${schema.length}`);
  return columns;
}

function chunksOf(
  group: FileMetaData['row_groups'][number],
  leaves: number,
  dataEnd: number,
  fail: (place: string | undefined, expected: string, got: string) => never,
): Chunk[] {
  if (group.columns.length !== leaves) fail(undefined, `${leaves} column chunks`, `${group.columns.length}`);
  return group.columns.map(({ meta_data: meta, file_path: path, crypto_metadata: crypto }: any) => {
    const place = meta?.path_in_schema?.join('.');
    if (crypto !== undefined || meta === undefined)
      return fail(place, 'a column that is not encrypted', 'an encrypted one');
    if (path !== undefined && path !== '') return fail(place, 'a column in this file', 'one in another file');
    const data = count(meta.data_page_offset);
    const dictionary = meta.dictionary_page_offset === undefined ? data : count(meta.dictionary_page_offset);
    // Some writers say 0 where there is no dictionary page.
    const start = dictionary >= 4 && dictionary < data ? dictionary : data;
    const end = start + count(meta.total_compressed_size);
    // A row group without rows has no pages to point at.
    if (group.num_rows === 0n) return { start: 4, end: 4, values: 0, uncompressedBytes: 0, meta };
    if (!(start >= 4 && end >= start && end <= dataEnd)) {
      return fail(place, `column data within bytes 4 to ${dataEnd}`, `bytes ${start} to ${end}`);
    }
    const values = count(meta.num_values);
    const uncompressedBytes = count(meta.total_uncompressed_size);
    if (!(values >= 0)) return fail(place, 'a count of values', `${meta.num_values}`);
    if (!(uncompressedBytes >= 0)) return fail(place, 'an uncompressed size', `${meta.total_uncompressed_size}`);
    return { start, end, values, uncompressedBytes, meta };
  });
}

async function parseFooter(source: ByteSource): Promise<Footer> {
  const bytes = await footerBytes(source);
  const dataEnd = source.bytes - bytes.length;
  let metadata: FileMetaData;
  try {
    readThriftStruct(bytes.subarray(0, bytes.length - 8), 0);
    // Statistics are not used; as bytes they cost nothing and cannot fail on bad UTF-8.
    metadata = parquetMetadata(bytes, {
      geoparquet: false,
      parsers: { stringFromBytes: (b: Uint8Array) => b } as never,
    });
  } catch (error) {
    throw parquetError(source.name, 'footer', 'a footer that can be read', String((error as Error).message), error);
  }
  const fail = (expected: string, got: string): never => {
    throw parquetError(source.name, 'footer', expected, got);
  };
  const columns = topColumns(metadata.schema, fail);
  const leaves = columns.reduce((sum, c) => sum + c.paths.length, 0);
  const groups = metadata.row_groups.map((group, i) => {
    const at = `row group ${i}`;
    const rows = count(group.num_rows);
    if (!(rows >= 0 && rows <= MAXIMUM_GROUP_ROWS)) {
      throw parquetError(source.name, at, `0 to ${MAXIMUM_GROUP_ROWS} rows`, `${group.num_rows}`);
    }
    const chunks = chunksOf(group, leaves, dataEnd, (place, expected, got) => {
      throw parquetError(source.name, place === undefined ? at : `${at}, column ${place}`, expected, got);
    });
    return { rows, bytes: chunks.reduce((sum, c) => sum + c.uncompressedBytes, 0), chunks };
  });
  return { root: metadata.schema[0]!, columns, groups };
}

/** The checked footer of a file; parsed once for a source. */
export const readFooter = onceFor(parseFooter);

/** Integer annotations as the older converted type: the writer of footers would give the newer one's bit width a type that strict readers refuse. */
export function withoutIntegerAnnotation(element: SchemaElement): SchemaElement {
  const logical = element.logical_type;
  if (logical?.type !== 'INTEGER') return element;
  const converted_type = `${logical.isSigned ? '' : 'U'}INT_${logical.bitWidth}` as SchemaElement['converted_type'];
  return { ...element, logical_type: undefined, converted_type };
}

/** The end of a Parquet file: footer, its length, magic. */
export function encodeFooter(metadata: Omit<FileMetaData, 'metadata_length'>): Uint8Array {
  const writer = new ByteWriter();
  const schema = metadata.schema.map(withoutIntegerAnnotation);
  writeMetadata(writer, { ...metadata, schema, metadata_length: 0 });
  writer.appendBytes(PARQUET_MAGIC);
  return writer.getBytes();
}
