/** Contestant: our filter `language` over captions in memory. Arguments: LANGUAGES.parquet ROWS ENGLISH.parquet. */
import { languageFilter } from '../transforms/filter/language.js';
import { inMemory } from './in-memory.js';
import { serve, timed } from './serve.js';

const [mixed, rowsOfMixed, english] = process.argv.slice(2) as [string, string, string];
const filter = languageFilter({ keep: ['en'], column: 'language', detect: 'always' });
await filter.prepare!();
const ofMixed = await inMemory(mixed, ['text', 'language'], Number(rowsOfMixed));
const real = await inMemory(english, ['text']);
const batches = [...ofMixed.batches, ...real.batches];
const rows = ofMixed.rows + real.rows;
const isEnglish = batches.map((batch) => {
  const languages = batch.getChild('language');
  return Array.from({ length: batch.numRows }, (_, i) => languages === null || languages.get(i) === 'en');
});
const all = isEnglish.flat().filter(Boolean).length;

await serve(async () => {
  const { seconds, result } = await timed(() =>
    batches.map((batch) => {
      const drop = new Uint8Array(batch.numRows);
      filter.select(batch, drop, 1);
      return drop;
    }),
  );
  let kept = 0;
  let right = 0;
  result.forEach((drop, b) => {
    drop.forEach((reason, i) => {
      if (reason !== 0) return;
      kept++;
      if (isEnglish[b]![i]) right++;
    });
  });
  return { seconds, captions_per_second: rows / seconds, precision: right / kept, recall: right / all };
});
