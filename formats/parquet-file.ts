import type { ColumnMetaData } from 'hyparquet';
import type { ByteSource } from '../schemas/bytes.js';
import { type Take, takeFresh } from './arena.js';
import { type Chunk, encodeFooter, type Footer, PARQUET_MAGIC, type TopColumn } from './parquet-footer.js';
import type { Page } from './parquet-pages.js';

/** Ranges nearer than this are read as one: a seek costs more than these bytes, on disk and far more so over a network. */
const COALESCE_BYTES = 64 * 1024;

/** Left free behind the chunks for the footer of a small file: its fixed part, and a column's, whose names come on top. */
const FOOTER_ROOM = { file: 1024, column: 512 };

/** Bytes of chunks in one memory, which has room before and behind them to become a small file. */
export interface Fetched {
  /** In the order asked for: views of `memory`. */
  readonly chunks: readonly Uint8Array[];
  readonly memory: Uint8Array;
  /** Bytes of `memory` that are taken. */
  readonly end: number;
}

/** Reads the chunks, neighbours in one range, all at once, into memory from `take`. */
export async function fetchChunks(
  source: ByteSource,
  chunks: readonly Chunk[],
  take: Take = takeFresh,
): Promise<Fetched> {
  const order = chunks.map((_, i) => i).sort((a, b) => chunks[a]!.start - chunks[b]!.start);
  const ranges: { start: number; end: number; at: number; members: number[] }[] = [];
  let at = PARQUET_MAGIC.length;
  for (const i of order) {
    const { start, end } = chunks[i]!;
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end + COALESCE_BYTES) {
      at += Math.max(0, end - last.end);
      last.end = Math.max(last.end, end);
      last.members.push(i);
    } else {
      ranges.push({ start, end, at, members: [i] });
      at += end - start;
    }
  }
  const names = chunks.reduce((sum, { meta }) => sum + 3 * meta.path_in_schema.join().length, 0);
  const memory = take(at + FOOTER_ROOM.file + FOOTER_ROOM.column * chunks.length + 2 * names);
  const out = new Array<Uint8Array>(chunks.length);
  await Promise.all(
    ranges.map(async ({ start, end, at, members }) => {
      const into = memory.subarray(at, at + end - start);
      const bytes = await source.read(start, end, into);
      if (bytes.buffer !== into.buffer || bytes.byteOffset !== into.byteOffset) into.set(bytes);
      for (const i of members) out[i] = into.subarray(chunks[i]!.start - start, chunks[i]!.end - start);
    }),
  );
  return { chunks: out, memory, end: at };
}

/** One column chunk, its bytes, their pages, and whether they start with a dictionary. */
export interface ChunkBytes {
  readonly chunk: Chunk;
  readonly bytes: Uint8Array;
  readonly pages: readonly Page[];
  readonly dictionary: boolean;
}

/**
 * A Parquet file in memory with one row group of some columns of another file. parquet-wasm reads it as it is; its own reader of files
 * panics, for ever, on bad pages (kylebarron/parquet-wasm#577). Key-value metadata are dropped: without `ARROW:schema` columns arrive as plain
 * types, no matter what pandas or Polars had in mind. `hint` puts another Arrow schema in its place. Where the chunks are `fetched` and its memory
 * has room, the file is made there, and is a view of it; else it is a copy.
 */
export function smallFile(
  footer: Footer,
  columns: readonly TopColumn[],
  rows: number,
  chunks: readonly ChunkBytes[],
  hint?: string,
  fetched?: Fetched,
): Uint8Array {
  if (fetched !== undefined) {
    const { memory, end } = fetched;
    const starts = chunks.map(({ bytes }) => bytes.byteOffset - memory.byteOffset);
    const tail = footerOf(footer, columns, rows, chunks, starts, end, hint);
    if (end + tail.length <= memory.length) {
      memory.set(PARQUET_MAGIC);
      memory.set(tail, end);
      return memory.subarray(0, end + tail.length);
    }
  }
  let at = PARQUET_MAGIC.length;
  const starts = chunks.map(({ bytes }) => {
    at += bytes.length;
    return at - bytes.length;
  });
  const tail = footerOf(footer, columns, rows, chunks, starts, at, hint);
  const file = new Uint8Array(at + tail.length);
  file.set(PARQUET_MAGIC);
  for (const [i, { bytes }] of chunks.entries()) file.set(bytes, starts[i]!);
  file.set(tail, at);
  return file;
}

function footerOf(
  footer: Footer,
  columns: readonly TopColumn[],
  rows: number,
  chunks: readonly ChunkBytes[],
  starts: readonly number[],
  end: number,
  hint: string | undefined,
): Uint8Array {
  const placed = chunks.map(({ chunk: { meta }, bytes, dictionary }, i) => {
    const start = BigInt(starts[i]!);
    return {
      file_offset: 0n,
      meta_data: {
        type: meta.type,
        // Nobody reads it, but the list may not be empty.
        encodings: ['PLAIN' as const],
        path_in_schema: meta.path_in_schema,
        codec: meta.codec,
        num_values: meta.num_values,
        total_uncompressed_size: meta.total_uncompressed_size,
        total_compressed_size: BigInt(bytes.length),
        // A reader takes the first of the two that is there as the start.
        data_page_offset: start,
        dictionary_page_offset: dictionary ? start : undefined,
      },
    };
  });
  return encodeFooter({
    version: 2,
    schema: [{ ...footer.root, num_children: columns.length }, ...columns.flatMap((c) => c.elements)],
    num_rows: BigInt(rows),
    row_groups: [{ columns: placed, total_byte_size: BigInt(end), num_rows: BigInt(rows) }],
    key_value_metadata: hint === undefined ? undefined : [{ key: 'ARROW:schema', value: hint }],
  });
}

/** The same without rows: only its schema is of use. */
export function emptyFile(footer: Footer): Uint8Array {
  const chunks = footer.columns.flatMap(({ elements, paths }) => {
    const leaves = elements.filter((e) => !e.num_children);
    return paths.map((path, i): ChunkBytes => {
      const meta: ColumnMetaData = {
        type: leaves[i]!.type!,
        encodings: [],
        path_in_schema: [...path],
        codec: 'UNCOMPRESSED',
        num_values: 0n,
        total_uncompressed_size: 0n,
        total_compressed_size: 0n,
        data_page_offset: 0n,
      };
      return {
        chunk: { start: 4, end: 4, values: 0, uncompressedBytes: 0, meta },
        bytes: new Uint8Array(0),
        pages: [],
        dictionary: false,
      };
    });
  });
  return smallFile(footer, footer.columns, 0, chunks);
}
