/** identify: English captions kept by the filter `language`, which identifies them, against fastText and lingua, in precision, recall and speed. */
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { type Outcome, speedRatio } from './figures.js';
import { languageRows } from './language-rows.js';
import { needFile, type Options } from './options.js';

/** Identification takes long: a tenth of the rows. */
const SHARE = 1 / 10;

export async function identify(options: Options): Promise<Outcome> {
  const rows = Math.ceil(options.rows * SHARE);
  const files = [await languageRows(options, options.rows), `${rows}`, needFile(options.captions, 'captions')];
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'identify-english.js', ...files),
      () => startPython('fastText, lid.176.ftz', 'identify_english.py', 'fasttext', ...files),
      () => startPython('lingua, the 14 languages', 'identify_english.py', 'lingua', ...files),
    ],
    options.runs,
  );
  const [ours, ...peers] = entries;
  return {
    title: `English among ${rows} captions of 14 languages in turn and the English captions of a file`,
    entries,
    ratios: peers.map((peer) => speedRatio(ours!, peer, 1)),
    notes: absent,
  };
}
