/** Contestant: our reader over a TFRecord file. Arguments: FILE records|columns: the records as they are, or as Arrow columns. */

import { tfrecord } from '../formats/tfrecord.js';
import { recordRuns } from '../formats/tfrecord-reader.js';
import { InvariantError } from '../schemas/errors.js';
import { storageFor } from '../storage/index.js';
import { RECORD_BYTES } from './record-rows.js';
import { serve, timed } from './serve.js';

const [file, what] = process.argv.slice(2) as [string, 'records' | 'columns'];

async function countRecords(): Promise<number> {
  const source = await storageFor(file).open(file);
  let records = 0;
  for await (const { count, bounds } of recordRuns(source)) {
    if (bounds[1]! - bounds[0]! !== RECORD_BYTES) {
      throw new InvariantError(`a record of ${bounds[1]! - bounds[0]!} bytes, expected ${RECORD_BYTES}`);
    }
    records += count;
  }
  return records;
}

async function countRows(): Promise<number> {
  const source = await storageFor(file).open(file);
  let rows = 0;
  // The types are known beforehand, as a run knows them from its plan.
  for await (const batch of tfrecord.read(source, 0, ['id', 'text'], undefined, { id: 'Int64', text: 'Utf8' }))
    rows += batch.numRows;
  return rows;
}

await serve(async () => {
  const { seconds, result: records } = await timed(what === 'records' ? countRecords : countRows);
  return { seconds, records, records_per_second: records / seconds };
});
