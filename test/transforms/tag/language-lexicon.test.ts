import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLanguageLexicon } from '../../../transforms/tag/language-lexicon.js';
import { expandLexicon, termKey } from '../../../transforms/tag/lexicon.js';
import { inflect } from '../../../transforms/tag/word-forms.js';

test('words inflect by their longest ending, those before a preposition together', () => {
  const rules = {
    forms: [
      ['a', ['as']],
      ['or', ['ores']],
    ] as const,
    before: ['de'],
    articles: [],
    vowels: {},
    prefixes: [],
    also: [],
  };
  assert.deepEqual(inflect('jugadora rubia de tenis', rules), ['jugadoras rubias de tenis']);
  assert.deepEqual(inflect('actor', { ...rules, before: null }), ['actores']);
  assert.deepEqual(inflect('x', rules), []);
});

test('suffixes follow the vowels of a word; an ending may go; prefixes and replacements are written before and into each form', () => {
  const header = 'term\tgender\tage\toccupation\n';
  const terms = (rules: string, line: string) =>
    expandLexicon(parseLanguageLexicon('xx.tsv', `${rules}\n${header}${line}\t\t\n`, 'male').gender).map(termKey);
  const vowels = '# vowels: a=aı e=ei\n# forms: * = lAr dA nIn\n# forms: k = ğI';
  assert.deepEqual(terms(vowels, 'adam\tmale'), ['adam', 'adamlar', 'adamda', 'adamnın']);
  assert.deepEqual(terms(vowels, 'bebek\tmale'), ['bebek', 'bebeği'.normalize('NFC'), 'bebeği'.normalize('NFD')]);
  assert.deepEqual(terms('# forms: a = y -', 'mama\tfemale'), ['mama', 'mamy', 'mam']);
  assert.deepEqual(terms('# prefixes: al+al wa', 'x y\tmale'), ['x y', 'alx aly', 'wax y']);
  assert.deepEqual(terms('# also: ^i=İ', 'iki iyi\tmale'), [
    'iki iyi',
    'İki İyi',
    'İki İyi'.normalize('NFD').toLowerCase(),
  ]);
  assert.deepEqual(terms("# articles: female una un'; masculine un", 'artista\tcommon'), [
    'una artista',
    "un'artista",
    'un artista',
  ]);
});

test('a bad language file is refused with its line', () => {
  const refuses = (text: string, pattern: RegExp) =>
    assert.throws(() => parseLanguageLexicon('xx.tsv', text, 'male'), pattern);
  refuses('term\tvalue\n', /xx\.tsv.*line 1/s);
  refuses('term\tgender\tage\toccupation\na\tmale\n', /line 2/);
  refuses('term\tgender\tage\toccupation\na\tmale\t\t\nA\t\t\tcook\n', /line 3.*not listed above/s);
});
