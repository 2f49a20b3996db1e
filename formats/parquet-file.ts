import type { ColumnMetaData } from 'hyparquet';
import type { ByteSource } from '../schemas/bytes.js';
import { type Take, takeFresh } from './arena.js';
import { type Chunk, encodeFooter, type Footer, PARQUET_MAGIC, type TopColumn } from './parquet-footer.js';
import type { Page } from './parquet-pages.js';

/** Ranges nearer than this are read as one: a seek costs more than these bytes, on disk and far more so over a network. */
const COALESCE_BYTES = 64 * 1024;

/** Reads the chunks, neighbours in one range, all at once; returns them in the order given. */
export async function fetchChunks(source: ByteSource, chunks: readonly Chunk[]): Promise<Uint8Array[]> {
  const order = chunks.map((_, i) => i).sort((a, b) => chunks[a]!.start - chunks[b]!.start);
  const ranges: { start: number; end: number; members: number[] }[] = [];
  for (const i of order) {
    const { start, end } = chunks[i]!;
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end + COALESCE_BYTES) {
      last.end = Math.max(last.end, end);
      last.members.push(i);
    } else {
      ranges.push({ start, end, members: [i] });
    }
  }
  const out = new Array<Uint8Array>(chunks.length);
  await Promise.all(
    ranges.map(async ({ start, end, members }) => {
      const bytes = await source.read(start, end);
      for (const i of members) out[i] = bytes.subarray(chunks[i]!.start - start, chunks[i]!.end - start);
    }),
  );
  return out;
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
 * types, no matter what pandas or Polars had in mind. `hint` puts another Arrow schema in its place. `take` gives the memory.
 */
export function smallFile(
  footer: Footer,
  columns: readonly TopColumn[],
  rows: number,
  chunks: readonly ChunkBytes[],
  hint?: string,
  take: Take = takeFresh,
): Uint8Array {
  let at = PARQUET_MAGIC.length;
  const placed = chunks.map(({ chunk: { meta }, bytes, dictionary }) => {
    const start = BigInt(at);
    at += bytes.length;
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
  const tail = encodeFooter({
    version: 2,
    schema: [{ ...footer.root, num_children: columns.length }, ...columns.flatMap((c) => c.elements)],
    num_rows: BigInt(rows),
    row_groups: [{ columns: placed, total_byte_size: BigInt(at), num_rows: BigInt(rows) }],
    key_value_metadata: hint === undefined ? undefined : [{ key: 'ARROW:schema', value: hint }],
  });
  const file = take(at + tail.length);
  file.set(PARQUET_MAGIC);
  at = PARQUET_MAGIC.length;
  for (const { bytes } of chunks) {
    file.set(bytes, at);
    at += bytes.length;
  }
  file.set(tail, at);
  return file;
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
