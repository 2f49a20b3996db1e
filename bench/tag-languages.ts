/** Contestant: our tagger over captions of all languages in memory. Arguments: CAPTIONS.parquet, ROWS, and column, identified or eld. */
import type { RecordBatch } from 'apache-arrow';
import { parquet } from '../formats/parquet.js';
import { parseConfig } from '../schemas/parse-config.js';
import { PRESENT, UNKNOWN } from '../schemas/tags.js';
import { storageFor } from '../storage/index.js';
import { readLexicons } from '../transforms/tag/read-lexicon.js';
import { createTagger } from '../transforms/tag/tagger.js';
import { serve, timed } from './serve.js';

const [file, rowsWanted, how] = process.argv.slice(2) as [string, string, 'column' | 'identified' | 'eld'];
const source = await storageFor(file).open(file);
const { columns, groups } = await parquet.plan(source);
const batches: RecordBatch[] = [];
let rows = 0;
for (let group = 0; group < groups.length && rows < Number(rowsWanted); group++)
  for await (const batch of parquet.read(source, group, ['text', 'language'])) {
    batches.push(batch.slice(0, Number(rowsWanted) - rows));
    rows += batches.at(-1)!.numRows;
  }

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
  await tagger.prepare();
  await serve(async () => {
    const { seconds, result } = await timed(() => batches.map((batch) => tagger.tag(batch)));
    let female = 0;
    let known = 0;
    let found = 0;
    for (const tags of result) {
      found += tags.offsets[tags.rows]!;
      for (const value of tags.attributes) {
        if (value === PRESENT) female++;
        if (value !== UNKNOWN) known++;
      }
    }
    return { seconds, captions_per_second: rows / seconds, female, known, labels: found };
  });
}
