import { setImmediate } from 'node:timers/promises';
import { type DataType, type RecordBatch, Schema } from 'apache-arrow';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError, InvariantError } from '../schemas/errors.js';
import type { Take } from './arena.js';
import { makeBatchMemory } from './batch-memory.js';
import { dataOf, shapeOf } from './copied.js';
import { batchOf } from './data.js';
import { BATCH_BYTES, BATCH_ROWS, type Format, type Takes } from './format.js';
import type { DecodeTask } from './parquet-codec.js';
import { directBatches } from './parquet-direct.js';
import { type ChunkBytes, type Fetched, fetchChunks, smallFile } from './parquet-file.js';
import { type Chunk, type Footer, parquetError, readFooter, type TopColumn } from './parquet-footer.js';
import { checkPages } from './parquet-pages.js';
import { type ColumnTypes, columnTypes, schemaHint } from './parquet-schema.js';
import { type ParquetThread, parquetThread } from './parquet-thread.js';
import { type CopiedBatch, memoryOf, type Shape } from './wasm-arrays.js';

/**
 * The wanted columns of one row group, uncompressed, at most. They are decoded at once, in WebAssembly memory that ends at 4 GiB and
 * never shrinks; writers make row groups of about 128 MiB.
 */
const MAXIMUM_GROUP_BYTES = 2 ** 30;

/** Uncompressed bytes of a row group that is decoded aside, at most: all of it then lies in memory, and the next one may too. */
const ASIDE_BYTES = 64 * 2 ** 20;

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

interface Wanted {
  readonly footer: Footer;
  readonly types: ColumnTypes;
  readonly columns: readonly TopColumn[];
  readonly rows: number;
  readonly chunks: readonly (readonly ChunkBytes[])[];
  readonly shapes: readonly Shape[];
  /** The memory of the chunks. */
  readonly fetched: Fetched;
}

function fileOf(
  { footer, types, rows }: Wanted,
  columns: readonly TopColumn[],
  chunks: Wanted['chunks'],
  fetched?: Fetched,
): Uint8Array {
  const fields = columns.map((c) => types.fields[footer.columns.indexOf(c)]!);
  const hint = columns.some((c) => types.int96.has(c)) ? schemaHint(fields) : undefined;
  return smallFile(footer, columns, rows, chunks.flat(), hint, fetched);
}

/** Why the columns cannot be decoded together: each is decoded by itself, to name the one that is bad. */
async function blamed(
  wanted: Wanted,
  task: Omit<DecodeTask, 'file' | 'shapes'>,
  file: string,
  place: string,
  error: unknown,
) {
  const { decodeParquet, reasonOf } = await import('./parquet-codec.js');
  for (const [i, column] of wanted.columns.entries()) {
    try {
      const alone = fileOf(wanted, [column], [wanted.chunks[i]!]);
      for (const _ of decodeParquet({ ...task, file: alone, shapes: [wanted.shapes[i]!] }));
    } catch (cause) {
      const at = `${place}, column ${column.name}`;
      return parquetError(file, at, 'column data that can be decoded', reasonOf(cause), cause);
    }
  }
  return parquetError(file, place, 'data that can be decoded', reasonOf(error), error);
}

/** Of batches that are decoded on this thread. */
const memory = makeBatchMemory();

/** The batches of a row group: all at once from the thread, where one is given, or, on this one, each when it is wanted. */
async function* decoded(
  fetched: Wanted,
  fetch: () => Promise<Wanted>,
  batchRows: number,
  aside: ParquetThread | undefined,
  { passing, underWay }: Takes,
  file: string,
  place: string,
): AsyncGenerator<CopiedBatch> {
  let wanted = fetched;
  const task = () => {
    const { columns, chunks, fetched, shapes } = wanted;
    return { file: fileOf(wanted, columns, chunks, fetched), batchRows, shapes };
  };
  if (aside !== undefined) {
    // Whatever fails there is tried here, where the reason is looked for.
    const decoding = aside.decode(task()).catch(() => undefined);
    underWay?.();
    const batches = await decoding;
    if (batches !== undefined) {
      // Each is let go once it was given: a row group may take as much memory as all the rest.
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        yield batch;
        if (passing) aside.give(batch);
        // Work on batches that are there never waits: what the thread has done meanwhile, and the next group's bytes, would not be taken in.
        await setImmediate();
      }
      return;
    }
    // The thread has the memory of what was fetched.
    wanted = await fetch();
  }
  const { decodeParquet } = await import('./parquet-codec.js');
  try {
    for (const batch of decodeParquet(task(), passing ? memory.next : undefined)) {
      yield batch;
      if (passing) memory.give(memoryOf(batch.columns));
    }
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    throw await blamed(wanted, { batchRows }, file, place, error);
  }
}

/** Chunks of the columns' leaves, in their order. */
function leavesOf({ groups }: Footer, group: number, columns: readonly TopColumn[]): Chunk[] {
  const { chunks } = groups[group]!;
  return columns.flatMap((c) => chunks.slice(c.firstLeaf, c.firstLeaf + c.paths.length));
}

async function fetchColumns(
  source: ByteSource,
  footer: Footer,
  group: number,
  columns: readonly TopColumn[],
  take?: Take,
) {
  const place = `row group ${group}`;
  const { rows } = footer.groups[group]!;
  const leaves = leavesOf(footer, group, columns);
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
  const fetched = await fetchChunks(source, leaves, take);
  let uncompressed = 0;
  const checked = leaves.map((chunk, i): ChunkBytes => {
    const bytes = fetched.chunks[i]!;
    const at = `${place}, column ${chunk.meta.path_in_schema.join('.')}`;
    const pages = checkPages(bytes, chunk, source.name, at);
    uncompressed += pages.uncompressedBytes;
    return { chunk, bytes, pages: pages.pages, dictionary: pages.dictionary };
  });
  refuse(uncompressed, 'according to the page headers');
  let leaf = 0;
  return {
    rows,
    fetched,
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
  batchRows?: number,
  _types?: unknown,
  takes: Takes = {},
): AsyncGenerator<RecordBatch> {
  const file = source.name;
  const place = `row group ${group}`;
  const footer = await readFooter(source);
  if (footer.groups[group] === undefined)
    throw parquetError(file, place, `one of ${footer.groups.length} row groups`, 'none');
  const columns = selected(footer, names, file);
  const types = await columnTypes(footer, file);
  const schema = new Schema(columns.map((c) => types.fields[footer.columns.indexOf(c)]!));
  const total = footer.groups[group]!.rows;
  const upTo = batchRows ?? BATCH_ROWS;
  if (columns.length === 0) {
    for (let at = 0; at < total; at += upTo) yield batchOf(schema, [], Math.min(upTo, total - at));
    return;
  }
  if (total === 0) return;
  const bytes = leavesOf(footer, group, columns).reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0);
  const aside = bytes <= ASIDE_BYTES ? parquetThread() : undefined;
  const shapes = schema.fields.map(({ type }) => shapeOf(type as DataType));
  const fetch = async (): Promise<Wanted> => {
    const fetched = await fetchColumns(source, footer, group, columns, aside?.take);
    return { footer, types, columns, shapes, ...fetched };
  };
  const wanted = await fetch();
  const { rows, chunks } = wanted;
  if (takes.dictionaries !== undefined) {
    const direct = columns.map((column, i) => ({ column, field: schema.fields[i]!, chunks: chunks[i]! }));
    const batches = directBatches(direct, rows, takes.dictionaries, batchRows);
    if (batches !== undefined) {
      yield* batches;
      return;
    }
  }
  const step = Math.max(1, Math.min(upTo, Math.floor((BATCH_BYTES * rows) / Math.max(1, bytes))));
  let seen = 0;
  for await (const batch of decoded(wanted, fetch, step, aside, takes, file, place)) {
    seen += batch.rows;
    const data = batch.columns.map((column, i) => dataOf(schema.fields[i]!.type as DataType, column));
    yield batchOf(schema, data, batch.rows);
  }
  if (seen !== rows) throw parquetError(file, place, `${rows} rows, as its footer says`, `${seen}`);
}

/**
 * Apache Parquet: a group is a row group. All codecs of parquet-rs (snappy, gzip, zstd, brotli, lz4) and encodings. The columns that are wanted,
 * and only they, are fetched, their pages' lengths and checksums checked, and decoded by parquet-wasm from a small file in memory.
 */
export const parquet: Format = {
  name: 'parquet',
  extensions: ['.parquet', '.parq'],
  async plan(source) {
    // What is planned is read soon: the thread starts meanwhile.
    parquetThread();
    const footer = await readFooter(source);
    const { fields } = await columnTypes(footer, source.name);
    return {
      columns: fields.map((f) => ({ name: f.name, type: String(f.type), nullable: f.nullable })),
      groups: footer.groups.map(({ rows, bytes }) => ({ rows, bytes })),
    };
  },
  read: readGroup,
};
