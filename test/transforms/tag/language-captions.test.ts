import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LEXICON_LANGUAGES, type LexiconLanguage } from '../../../schemas/languages.js';
import { LANGUAGE_KINDS, parseLanguageLexicon } from '../../../transforms/tag/language-lexicon.js';
import { expandLexicon, SILENT } from '../../../transforms/tag/lexicon.js';
import { readLexicon } from '../../../transforms/tag/read-lexicon.js';
import { compileScanner } from '../../../transforms/tag/scanner.js';
import { compileSubstringScanner } from '../../../transforms/tag/substring-scanner.js';
import { EXAMPLES, tagged } from './language-examples.js';

const OTHERS = LEXICON_LANGUAGES.filter((language) => language !== 'en');
const lexiconText = (language: LexiconLanguage) => readFileSync(`transforms/tag/lexicons/${language}.tsv`, 'utf8');

describe('captions in', () => {
  for (const [language, examples] of Object.entries(EXAMPLES)) {
    test(language, async () => {
      const text = examples.map(([caption]) => caption);
      assert.deepEqual(
        await tagged({ text }, { use: [language] }),
        examples.map(([, tags]) => tags),
      );
    });
  }

  test('all of them, told by the column; case does not matter', async () => {
    const rows = Object.entries(EXAMPLES).flatMap(([language, examples]) =>
      examples.map(([caption, tags]) => ({ language: language.toUpperCase(), text: caption.toUpperCase(), tags })),
    );
    const columns = { text: rows.map(({ text }) => text), language: rows.map(({ language }) => language) };
    assert.deepEqual(
      await tagged(columns, { use: 'all' }),
      rows.map(({ tags }) => tags),
    );
  });
});

test('every label of other languages is one of the English vocabulary, and every value one of the attributes', () => {
  const labels = new Set(readLexicon('occupations').entries.map(({ value }) => value));
  for (const language of OTHERS) {
    const text = lexiconText(language);
    assert.match(text, /written for this project by a language model/i);
    assert.match(text, /not reviewed by a native speaker/i);
    const { gender, age, occupations } = parseLanguageLexicon(language, text, 'male');
    for (const { value } of expandLexicon(occupations)) assert.ok(labels.has(value), `${language}: ${value}`);
    for (const { value } of expandLexicon(gender))
      assert.ok(['female', 'male', '-'].includes(value), `${language}: ${value}`);
    for (const { value } of expandLexicon(age))
      assert.ok(['child', 'young', 'adult', 'elderly', '-'].includes(value), `${language}: ${value}`);
  }
});

test('every language has examples', () => assert.deepEqual(Object.keys(EXAMPLES).sort(), OTHERS.toSorted()));

test('every silent term hides something that would be found in it', () => {
  const encoder = new TextEncoder();
  for (const language of OTHERS) {
    const parsed = parseLanguageLexicon(language, lexiconText(language), 'male');
    const spoken = LANGUAGE_KINDS.map((kind) => ({
      ...parsed[kind],
      entries: parsed[kind].entries.filter(({ value }) => value !== SILENT),
    }));
    const { scan } = (parsed.gender.unspaced ? compileSubstringScanner : compileScanner)(spoken);
    for (const { term, value } of LANGUAGE_KINDS.flatMap((kind) => parsed[kind].entries)) {
      const bytes = encoder.encode(term);
      if (value === SILENT) assert.ok(scan(bytes, 0, bytes.length) > 0, `${language}: ${term}`);
    }
  }
});

describe('hostile captions', () => {
  for (const language of OTHERS) {
    const examples = EXAMPLES[language]!;
    const captions = examples.map(([caption]) => caption);
    const expected = examples.map(([, tags]) => tags);
    const glued = (text: string) => text.replace(/[\p{L}\p{M}\p{N}]+/gu, 'q$&q');

    test(language, async () => {
      const unspaced = /^# unspaced$/m.test(lexiconText(language));
      // Composed and decomposed letters, controls around words, and a caption of 100 kB.
      const same = [
        captions.map((caption) => caption.normalize('NFC')),
        captions.map((caption) => caption.normalize('NFD')),
        captions.map((caption) => `\u202e\u0000 ${caption}\u2069\ufeff`),
        captions.map((caption) => `${'\u{1f469}\u200d'.repeat(10_000)} ${caption}`),
      ];
      for (const text of same) assert.deepEqual(await tagged({ text }, { use: [language] }), expected);
      // Within longer words nothing is found, where words are told by spaces.
      const none = captions.map(() => '');
      if (!unspaced) assert.deepEqual(await tagged({ text: captions.map(glued) }, { use: [language] }), none);
    });
  }

  test('bytes that are no UTF-8 end a word and hide none of the others', () => {
    for (const language of OTHERS) {
      const lexicons = Object.values(parseLanguageLexicon(language, lexiconText(language), 'male'));
      const scanner = (lexicons[0]!.unspaced ? compileSubstringScanner : compileScanner)(lexicons);
      const found = (bytes: Uint8Array) => [...scanner.found.subarray(0, scanner.scan(bytes, 0, bytes.length))].sort();
      const caption = fc.constantFrom(...EXAMPLES[language]!.map(([caption]) => Buffer.from(caption)));
      const broken = fc.constantFrom(
        [0xff],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0x80],
        [0xe0],
      );
      fc.assert(
        fc.property(caption, broken, caption, (before, bytes, after) => {
          const whole = Buffer.concat([before, Buffer.from([0x2e, ...bytes, 0x2e]), after]);
          assert.deepEqual(found(whole), [...found(before), ...found(after)].sort());
        }),
      );
    }
  });
});

test('the grammatical masculine says nothing, or male, as is configured', async () => {
  const text = ['el médico', 'un hombre', 'la médica'];
  assert.deepEqual(await tagged({ text }, { use: ['es'] }), ['doctor', 'male', 'female doctor']);
  assert.deepEqual(await tagged({ text }, { use: ['es'], masculine: 'male' }), [
    'male doctor',
    'male',
    'female doctor',
  ]);

  const nouns: readonly (readonly [language: LexiconLanguage, masculine: string, tags: string])[] = [
    ['ar', 'المعلم في الصف', 'teacher'],
    ['de', 'Ein Lehrer', 'teacher'],
    ['fr', 'un infirmier', 'nurse'],
    ['hi', 'एक शिक्षक', 'teacher'],
    ['it', "l'infermiere", 'nurse'],
    ['nl', 'een leraar', 'teacher'],
    ['pt', 'o médico', 'doctor'],
    ['ru', 'учителям', 'teacher'],
  ];
  for (const [language, caption, tags] of nouns) {
    assert.deepEqual(await tagged({ text: [caption] }, { use: [language] }), [tags], caption);
    const male = await tagged({ text: [caption] }, { use: [language], masculine: 'male' });
    assert.deepEqual(male, [`male ${tags}`], caption);
  }
  // Where nouns have no gender, there is none to read.
  for (const [language, caption] of [
    ['tr', 'Öğretmenler sınıfta'],
    ['ko', '교사가'],
    ['ja', '教師'],
    ['zh', '教师'],
  ] as const)
    assert.deepEqual(await tagged({ text: [caption] }, { use: [language], masculine: 'male' }), ['teacher'], caption);
});
