/** Our lexicons as term lists for peers: what we look for after plurals are made, as one regular expression a lexicon. */
import { writeFileSync } from 'node:fs';
import { expandLexicon, SILENT, termKey } from '../transforms/tag/lexicon.js';
import { readLexicon } from '../transforms/tag/read-lexicon.js';

/**
 * Writes, for each lexicon, `pattern`: the terms as alternatives, in descending order, so that a leftmost-first engine takes the longest of
 * those that begin alike, as our scanner does, and can share their beginnings (in another order RE2 is a hundred times slower); and `values`:
 * the value of each term, without those that only hide others. Words are one space or apostrophe apart: the peer normalises its text to
 * that, which costs it less than character classes between words would.
 */
export function exportTerms(file: string, lexicons: readonly string[]): void {
  const lists = lexicons.map((name) => {
    const terms = expandLexicon(readLexicon(name));
    const values = terms.filter(({ value }) => value !== SILENT).map((term) => [termKey(term), term.value]);
    const pattern = terms.map(termKey).sort().reverse().join('|');
    return [name, { pattern, values: Object.fromEntries(values) }];
  });
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(lists))}\n`);
}
