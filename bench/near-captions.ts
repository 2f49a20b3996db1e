/** Contestant: our near duplicates over captions in memory. Arguments: CAPTIONS.parquet NEAR.json. */
import { readFileSync } from 'node:fs';
import { createNearRuns, findNear, partsFor } from '../transforms/filter/near.js';
import { columnData } from '../transforms/tag/column.js';
import { inMemory } from './in-memory.js';
import type { NearTruth } from './near.js';
import { serve, timed } from './serve.js';

const [file, near] = process.argv.slice(2) as [string, string];
const truth = JSON.parse(readFileSync(near, 'utf8')) as NearTruth;
const { batches, rows } = await inMemory(file, ['text']);

function find(): Set<number> {
  const runs = createNearRuns(truth, partsFor(rows));
  let firstRow = 0;
  for (const batch of batches) {
    runs.append('text', columnData(batch, 'text'), firstRow);
    firstRow += batch.numRows;
  }
  const found = new Set<number>();
  for (let bucket = 0; bucket < runs.buckets; bucket++)
    for (const row of findNear([runs.take(bucket)], truth.similarity)) found.add(row);
  return found;
}

await serve(async () => {
  const { seconds, result } = await timed(find);
  const right = truth.rows.filter((row) => result.has(row)).length;
  return {
    seconds,
    captions_per_second: rows / seconds,
    found: result.size,
    precision: right / result.size,
    recall: right / truth.rows.length,
  };
});
