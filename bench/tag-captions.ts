/** Contestant: our tagger over captions in memory. Argument: CAPTIONS.parquet. */
import { createTagger } from '../transforms/tag/tagger.js';
import { inMemory } from './in-memory.js';
import { serveTagger } from './tag-batches.js';

const [file] = process.argv.slice(2) as [string];
const captions = await inMemory(file, ['text']);
const tagger = createTagger(
  { female: { lexicon: 'gender', value: 'female', column: 'text', target: 0.5 } },
  [{ lexicon: 'occupations', column: 'text' }],
  captions.columns,
);

await serveTagger(tagger, captions);
