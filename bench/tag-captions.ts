/** Contestant: our tagger over captions in memory. Argument: CAPTIONS.parquet. */
import type { RecordBatch } from 'apache-arrow';
import { parquet } from '../formats/parquet.js';
import { PRESENT, UNKNOWN } from '../schemas/tags.js';
import { storageFor } from '../storage/index.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { serve, timed } from './serve.js';

const [file] = process.argv.slice(2) as [string];
const source = await storageFor(file).open(file);
const { columns, groups } = await parquet.plan(source);
const batches: RecordBatch[] = [];
for (let group = 0; group < groups.length; group++)
  for await (const batch of parquet.read(source, group, ['text'])) batches.push(batch);
const rows = batches.reduce((sum, batch) => sum + batch.numRows, 0);
const tagger = createTagger(
  { female: { lexicon: 'gender', value: 'female', column: 'text', target: 0.5 } },
  [{ lexicon: 'occupations', column: 'text' }],
  columns,
);

await serve(async () => {
  const { seconds, result } = await timed(() => batches.map((batch) => tagger.tag(batch)));
  let female = 0;
  let known = 0;
  let labels = 0;
  for (const tags of result) {
    labels += tags.offsets[tags.rows]!;
    for (const value of tags.attributes) {
      if (value === PRESENT) female++;
      if (value !== UNKNOWN) known++;
    }
  }
  return { seconds, captions_per_second: rows / seconds, female, known, labels };
});
