/** Contestant: our exact duplicates over captions in memory, all of them twice. Arguments: CAPTIONS.parquet. */
import { createDuplicateRuns, findDuplicates } from '../transforms/filter/duplicates.js';
import { columnData } from '../transforms/tag/column.js';
import { inMemory } from './in-memory.js';
import { serve, timed } from './serve.js';

const once = await inMemory(process.argv[2]!, ['text']);
const batches = [...once.batches, ...once.batches];
const rows = 2 * once.rows;

function find(): number {
  const runs = createDuplicateRuns();
  let firstRow = 0;
  for (const batch of batches) {
    runs.append('text', columnData(batch, 'text'), firstRow);
    firstRow += batch.numRows;
  }
  let found = 0;
  for (let bucket = 0; bucket < runs.buckets; bucket++) found += findDuplicates([runs.take(bucket)]).length;
  return found;
}

await serve(async () => {
  const { seconds, result } = await timed(find);
  return { seconds, captions_per_second: rows / seconds, found: result };
});
