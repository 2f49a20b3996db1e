import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { LEXICON_LANGUAGES, type LexiconLanguage } from '../../../schemas/languages.js';
import { parseConfig } from '../../../schemas/parse-config.js';
import { explainRow } from '../../../transforms/tag/arrow.js';
import { inflect, parseLanguageLexicon } from '../../../transforms/tag/language-lexicon.js';
import { readLexicon, readLexicons } from '../../../transforms/tag/read-lexicon.js';
import { createTagger } from '../../../transforms/tag/tagger.js';
import { batchOf, infoOf } from './batch.js';

async function tagged(columns: Record<string, (string | null)[]>, languages: object) {
  const config = parseConfig({
    input: { files: 'x' },
    attributes: {
      female: { lexicon: 'gender', value: 'female' },
      child: { lexicon: 'age', value: 'child' },
      elderly: { lexicon: 'age', value: 'elderly' },
    },
    labels: [{ lexicon: 'occupations' }],
    languages,
    output: { directory: 'o' },
  });
  const batch = batchOf(columns);
  const lexicons = readLexicons(config.attributes, config.labels, config.languages);
  const tagger = createTagger(config.attributes, config.labels, infoOf(batch), {}, lexicons, config.languages);
  await tagger.prepare();
  const tags = tagger.tag(batch);
  return Array.from({ length: batch.numRows }, (_, row) => {
    const { attributes, labels } = explainRow(tags, tagger.names, row);
    const gender = attributes.female === null ? '' : attributes.female ? 'female' : 'male';
    const age = attributes.child ? 'child' : attributes.elderly ? 'elderly' : '';
    return [gender, age, ...labels].filter((word) => word !== '').join(' ');
  });
}

const EXAMPLES: Partial<Record<LexiconLanguage, readonly (readonly [caption: string, expected: string])[]>> = {
  de: [
    ['Die Lehrerin schreibt an die Tafel', 'female teacher'],
    ['Ein Lehrer vor seiner Klasse', 'teacher'],
    ['Zwei Krankenschwestern im Krankenhaus', 'female nurse'],
    ['Eine Aerztin untersucht einen alten Mann', 'elderly doctor'],
    ['Kleines Mädchen mit Hund', 'female child'],
    ['Schneemann im Garten', ''],
    ['Bauarbeitern wird gekündigt', 'builder'],
  ],
  es: [
    ['El médico con su paciente', 'doctor'],
    ['La médica con su paciente', 'female doctor'],
    ['una periodista en la calle', 'female journalist'],
    ['un periodista en la calle', 'journalist'],
    ['Las profesoras y los alumnos', 'female teacher'],
    ['Ensalada de papas', ''],
    ['un niño jugando', 'male child'],
    ['niños jugando', 'child'],
  ],
  fr: [
    ['Une infirmière à l’hôpital', 'female nurse'],
    ['Le médecin et son patient', 'doctor'],
    ['une artiste dans son atelier', 'female artist'],
    ['Vieil homme sur un banc', 'male elderly'],
    ['bonhomme de neige', ''],
    ["Deux hommes d'affaires", 'businessperson'],
  ],
  zh: [
    ['女医生和病人', 'female doctor'],
    ['一个小男孩在弹吉他', 'male child'],
    ['其他人', ''],
    ['吉他手', 'guitarist'],
    ['老奶奶坐在公园里', 'female elderly'],
  ],
  ja: [
    ['若い女性の看護師', 'female nurse'],
    ['コックピットの写真', ''],
    ['コックさん', 'cook'],
    ['彼女は女優です', 'female actor'],
    ['大丈夫', ''],
    ['男の子と犬', 'male child'],
  ],
};

describe('captions in', () => {
  for (const [language, examples] of Object.entries(EXAMPLES)) {
    test(language, async () => {
      const text = examples.map(([caption]) => caption);
      const expected = examples.map(([, tags]) => tags);
      assert.deepEqual(await tagged({ text }, { use: [language] }), expected);
      // The same among all languages, told by the column; case does not matter.
      const column = text.map(() => language.toUpperCase());
      const upper = text.map((caption) => caption.toUpperCase());
      assert.deepEqual(await tagged({ text: upper, language: column }, { use: 'all' }), expected);
    });
  }
});

test('every label of other languages is one of the English vocabulary, and every value one of the attributes', () => {
  const labels = new Set(readLexicon('occupations').entries.map(({ value }) => value));
  for (const language of LEXICON_LANGUAGES) {
    if (language === 'en') continue;
    const text = readFileSync(`transforms/tag/lexicons/${language}.tsv`, 'utf8');
    assert.match(text, /not reviewed by a native speaker/i);
    const { gender, age, occupations } = parseLanguageLexicon(language, text, 'male');
    for (const { value } of occupations.entries) assert.ok(labels.has(value), `${language}: ${value}`);
    for (const { value } of gender.entries) assert.ok(['female', 'male', '-'].includes(value), `${language}: ${value}`);
    for (const { value } of age.entries)
      assert.ok(['child', 'young', 'adult', 'elderly', '-'].includes(value), `${language}: ${value}`);
  }
});

test('the grammatical masculine says nothing, or male, as is configured', async () => {
  const text = ['el médico', 'un hombre', 'la médica'];
  assert.deepEqual(await tagged({ text }, { use: ['es'] }), ['doctor', 'male', 'female doctor']);
  assert.deepEqual(await tagged({ text }, { use: ['es'], masculine: 'male' }), [
    'male doctor',
    'male',
    'female doctor',
  ]);
});

test('the language of a row is that of the column, with or without a region, else it is identified', async () => {
  const text = ['die Frau', 'une femme', 'a woman', 'une femme', 'Eine ältere Frau sitzt auf einer Bank im Park', null];
  const language = ['de-AT', 'FR', 'en', 'de', null, null];
  const columns = { text, language };
  const use = ['de', 'en', 'fr'];
  assert.deepEqual(await tagged(columns, { use }), ['female', 'female', 'female', '', 'female elderly', '']);
  assert.deepEqual(await tagged(columns, { use, detect: 'never' }), ['female', 'female', 'female', '', '', '']);
  assert.deepEqual(await tagged({ text, language: text.map(() => 'xx') }, { use, otherwise: 'fr' }), [
    '',
    'female',
    '',
    'female',
    '',
    '',
  ]);
});

test('words inflect by their longest ending, those before a preposition together', () => {
  const rules = {
    forms: [
      ['a', ['as']],
      ['or', ['ores']],
    ] as const,
    before: new Set(['de']),
  };
  assert.deepEqual(inflect('jugadora rubia de tenis', rules as never), ['jugadoras rubias de tenis']);
  assert.deepEqual(inflect('actor', { ...rules, before: undefined } as never), ['actores']);
  assert.deepEqual(inflect('x', rules as never), []);
});

test('a bad language file is refused with its line', () => {
  const refuses = (text: string, pattern: RegExp) =>
    assert.throws(() => parseLanguageLexicon('xx.tsv', text, 'male'), pattern);
  refuses('term\tvalue\n', /xx\.tsv.*line 1/s);
  refuses('term\tgender\tage\toccupation\na\tmale\n', /line 2/);
  refuses('term\tgender\tage\toccupation\na\tmale\t\t\nA\t\t\tcook\n', /line 3.*not listed above/s);
});
