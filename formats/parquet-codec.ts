import {
  Compression,
  EnabledStatistics,
  readParquet,
  readSchema,
  Table,
  WriterPropertiesBuilder,
  wasmMemory,
  writeParquet,
} from 'parquet-wasm';
import { type Take, takeFresh } from './arena.js';
import { type CopiedBatch, columnsAt, type Shape } from './wasm-arrays.js';

/** The calls of parquet-wasm that take time, on plain data, so that another thread can make them. */

export interface DecodeTask {
  /** A whole Parquet file. */
  readonly file: Uint8Array;
  readonly batchRows: number;
  /** Of its columns. */
  readonly shapes: readonly Shape[];
}

export interface EncodeTask {
  /** An Arrow IPC stream of one batch, or of none. */
  readonly stream: Uint8Array;
  readonly compression: 'snappy' | 'zstd' | 'none';
  /** Columns that get a dictionary. */
  readonly dictionaries: readonly string[];
  /** Rows of a row group, at most. */
  readonly rows: number;
}

const CODECS = { snappy: Compression.SNAPPY, zstd: Compression.ZSTD, none: Compression.UNCOMPRESSED };

/** The Arrow IPC stream, without a batch, of a Parquet file's schema. */
export function schemaOf(file: Uint8Array): Uint8Array {
  return readSchema(file).intoIPCStream();
}

/**
 * Batches one at a time, so that WebAssembly memory is left without a second copy of all. `memory` gives that of each. Throws what parquet-wasm throws;
 * `reasonOf` reads it.
 */
export function* decodeParquet(
  { file, batchRows, shapes }: DecodeTask,
  memory: () => Take = () => takeFresh,
): Generator<CopiedBatch> {
  const arrays = readParquet(file, { batchSize: batchRows }).intoFFI();
  try {
    for (let i = 0; i < arrays.numArrays(); i++) {
      // Memory that grows is another buffer.
      const { buffer } = wasmMemory() as unknown as { readonly buffer: ArrayBuffer };
      yield columnsAt(buffer, arrays.arrayAddr(i), shapes, memory());
    }
  } finally {
    arrays.free();
  }
}

/** What went wrong in parquet-wasm, which throws strings and, after a panic, WebAssembly.RuntimeErrors. */
export function reasonOf(error: unknown): string {
  return (error as Error)?.name === 'RuntimeError'
    ? 'data that its decoder gave up on'
    : String((error as Error)?.message ?? error);
}

/** A whole Parquet file. No statistics: they cost a fifth of the time, and rows are in no order that a reader could use. */
export function encodeParquet({ stream, compression, dictionaries, rows }: EncodeTask): Uint8Array {
  let builder = new WriterPropertiesBuilder()
    .setCompression(CODECS[compression])
    .setDictionaryEnabled(false)
    .setStatisticsEnabled(EnabledStatistics.None)
    .setMaxRowGroupSize(rows);
  for (const name of dictionaries) builder = builder.setColumnDictionaryEnabled(name, true);
  return writeParquet(Table.fromIPCStream(stream), builder.build());
}
