/** languages: gender and occupations of captions in 14 languages in memory, against Polars with the same terms; and what identification adds. */
import { join } from 'node:path';
import { LEXICON_LANGUAGES } from '../schemas/languages.js';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { languageRows } from './language-rows.js';
import { cacheFolder, type Options } from './options.js';
import { exportLanguageTerms } from './terms.js';

/** Captions a second a core that the lexicons of all languages are to read. */
const GOAL = 1_500_000;

export async function languages(options: Options): Promise<Outcome> {
  const file = await languageRows(options, options.rows);
  const terms = join(cacheFolder(options, 'languages'), 'terms.json');
  exportLanguageTerms(terms);
  // Identification takes far longer, so that it is given a tenth of the rows.
  const few = Math.ceil(options.rows / 10);
  const node = (name: string, how: string, rows: number) => () =>
    startNode(name, 'tag-languages.js', file, `${rows}`, how);
  const { entries, absent } = await contest(
    [
      node('m4-balance, language from a column', 'column', options.rows),
      node('m4-balance, language identified', 'identified', few),
      node('eld on every caption', 'eld', few),
      () => startPython('Polars, language from a column', 'tag_languages.py', file, terms),
    ],
    options.runs,
  );
  const [column, identified, eld, peer] = entries;
  const ratios = [
    {
      what: `captions/s, language from a column, of ${GOAL}`,
      value: medianOf(column!, 'captions_per_second') / GOAL,
      least: 1,
    },
    speedRatio(identified!, eld!),
  ];
  const title = `${options.rows} captions of ${LEXICON_LANGUAGES.length} languages in memory (${few} where they are identified), lexicons gender and occupations`;
  if (peer === undefined) return { title, entries, ratios, notes: absent };
  const differing = ['female', 'known', 'labels'].filter((count) => medianOf(column!, count) !== medianOf(peer, count));
  const check = differing.length === 0 ? 'All counts agree.' : `COUNTS DIFFER: ${differing.join(', ')}.`;
  return { title, entries, ratios: [...ratios, speedRatio(column!, peer, 1)], notes: [check] };
}
