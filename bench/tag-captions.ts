/** Contestant: our tagger over captions in memory. Argument: CAPTIONS.parquet. */
import { PRESENT, UNKNOWN } from '../schemas/tags.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { inMemory } from './in-memory.js';
import { serve, timed } from './serve.js';

const [file] = process.argv.slice(2) as [string];
const { columns, batches, rows } = await inMemory(file, ['text']);
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
