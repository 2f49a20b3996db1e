/** Real captions as Arrow columns: the shared Parquet files, read by hyparquet alone. */
import { decompress, init } from '@bokuweb/zstd-wasm';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { sharedPath } from '../../shared.js';

let ready: Promise<void> | undefined;

/** The text column of a shared Parquet file. */
export async function readCaptions(path: string): Promise<string[]> {
  ready ??= init();
  await ready;
  const file = await asyncBufferFromFile(sharedPath(path));
  const rows = await parquetReadObjects({
    file,
    columns: ['text'],
    compressors: { ZSTD: (input) => decompress(input) },
  });
  return rows.map((row) => row.text as string);
}
