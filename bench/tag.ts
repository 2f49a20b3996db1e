/** tag: gender and occupations of captions in memory, against Polars' regular expressions with the same terms. */
import { join } from 'node:path';
import { captionRows } from './caption-rows.js';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { exportTerms } from './terms.js';

export async function tag(options: Options): Promise<Outcome> {
  const file = await captionRows(options, options.rows);
  const terms = join(cacheFolder(options, 'captions'), 'terms.json');
  exportTerms(terms, ['gender', 'occupations']);
  const { entries, absent } = await contest(
    [() => startNode('m4-balance', 'tag-captions.js', file), () => startPython('Polars', 'tag_polars.py', file, terms)],
    options.runs,
  );
  const [ours, peer] = entries;
  const title = `${options.rows} captions in memory, lexicons gender and occupations`;
  if (peer === undefined) return { title, entries, ratios: [], notes: absent };
  const differing = ['female', 'known', 'labels'].filter((count) => medianOf(ours!, count) !== medianOf(peer, count));
  const check = differing.length === 0 ? 'All counts agree.' : `COUNTS DIFFER: ${differing.join(', ')}.`;
  return { title, entries, ratios: [speedRatio(ours!, peer, 1)], notes: [check] };
}
