/** Contestant: tar shards as TFRecords, each row as it is. Arguments: FOLDER OUTPUT: a folder of tar files, and one for as many TFRecords. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchWriter } from '../formats/index.js';
import { tfrecordWriter } from '../formats/tfrecord-writer.js';
import { webdataset } from '../formats/webdataset.js';
import { storageFor } from '../storage/index.js';
import { serve, timed } from './serve.js';

const [folder, output] = process.argv.slice(2) as [string, string];
const COLUMNS = { jpg: 'Binary', txt: 'Utf8', id: 'Utf8' };

async function convert(): Promise<{ rows: number; bytes: number }> {
  const storage = storageFor(folder);
  let [rows, bytes] = [0, 0];
  // A file is flushed and renamed while the next shard is read.
  let closing: Promise<unknown> = Promise.resolve();
  for (const name of readdirSync(folder)) {
    const source = await storage.open(join(folder, name));
    const sink = await storage.create(join(output, name.replace(/tar$/, 'tfrecord')));
    let writer: BatchWriter | undefined;
    // The types are known beforehand, as a run knows them from its plan.
    for await (const batch of webdataset.read(source, 0, Object.keys(COLUMNS), undefined, COLUMNS, {
      passing: true,
    })) {
      writer ??= tfrecordWriter(batch.schema);
      for (const chunk of await writer.write(batch)) await sink.write(chunk);
      rows += batch.numRows;
    }
    bytes += source.bytes;
    await closing;
    closing = sink.close();
  }
  await closing;
  return { rows, bytes };
}

await serve(async () => {
  const { seconds, result } = await timed(convert);
  return { seconds, rows: result.rows, MB_per_second: result.bytes / seconds / 1e6 };
});
