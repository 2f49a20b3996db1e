/** Contestant: our tagger over captions of all languages in memory. Arguments: CAPTIONS.parquet, ROWS, and column, identified or eld. */
import { parseConfig } from '../schemas/parse-config.js';
import { readLexicons } from '../transforms/tag/read-lexicon.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { inMemory } from './in-memory.js';
import { serve, timed } from './serve.js';
import { serveTagger } from './tag-batches.js';

const [file, rowsWanted, how] = process.argv.slice(2) as [string, string, 'column' | 'identified' | 'eld'];
const captions = await inMemory(file, ['text', 'language'], Number(rowsWanted));
const { columns, batches, rows } = captions;

if (how === 'eld') {
  const { eld } = await import('eld/small');
  const detector = eld.newInstance();
  await serve(async () => {
    const { seconds } = await timed(() => {
      for (const batch of batches) for (const text of batch.getChild('text')!) detector.detect(text);
    });
    return { seconds, captions_per_second: rows / seconds };
  });
} else {
  const config = parseConfig({
    input: { files: file },
    attributes: { female: { lexicon: 'gender', value: 'female', column: 'text' } },
    labels: [{ lexicon: 'occupations', column: 'text' }],
    languages: { use: 'all', detect: how === 'column' ? 'never' : 'always' },
    output: { directory: 'none' },
  });
  const { attributes, labels, languages } = config;
  const tagger = createTagger(attributes, labels, columns, {}, readLexicons(attributes, labels, languages), languages);
  await serveTagger(tagger, captions);
}
