/** Our lexicons as term lists for peers: what we look for after plurals are made, as one regular expression a lexicon. */
import { writeFileSync } from 'node:fs';
import { LEXICON_LANGUAGES } from '../schemas/languages.js';
import { expandLexicon, type Lexicon, SILENT, termKey } from '../transforms/tag/lexicon.js';
import { ENGLISH, languageKey, readLexicon, readLexicons } from '../transforms/tag/read-lexicon.js';

/**
 * Writes, for each lexicon, `pattern`: the terms as alternatives, in descending order, so that a leftmost-first engine takes the longest of
 * those that begin alike, as our scanner does, and can share their beginnings (in another order RE2 is a hundred times slower); and `values`:
 * the value of each term, without those that only hide others. Words are one space or apostrophe apart: the peer normalises its text to
 * that, which costs it less than character classes between words would.
 */
export function exportTerms(file: string, lexicons: readonly string[]): void {
  write(
    file,
    lexicons.map((name) => [name, termsOf(readLexicon(name))] as const),
  );
}

/** By language the same of gender and occupations; `unspaced` where terms are looked for anywhere. */
export function exportLanguageTerms(file: string): void {
  const female = { lexicon: 'gender', value: 'female', column: 'text', target: 0.5 };
  const lexicons = readLexicons({ female }, [{ lexicon: 'occupations', column: 'text' }], { ...ENGLISH, use: 'all' });
  const lists = LEXICON_LANGUAGES.map((language) => {
    const of = ['gender', 'occupations'].map((kind) => [kind, termsOf(lexicons[languageKey(kind, language)]!)]);
    return [language, Object.fromEntries(of)] as const;
  });
  write(file, lists);
}

function termsOf(lexicon: Lexicon) {
  const terms = expandLexicon(lexicon);
  const values = terms.filter(({ value }) => value !== SILENT).map((term) => [termKey(term), term.value]);
  const pattern = terms.map(termKey).sort().reverse().join('|');
  return { pattern, values: Object.fromEntries(values), unspaced: lexicon.unspaced ?? false };
}

function write(file: string, lists: readonly (readonly [name: string, terms: object])[]): void {
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(lists))}\n`);
}
