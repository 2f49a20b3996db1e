import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { mentionsOf } from '../../../transforms/tag/languages.js';
import { compileScanner } from '../../../transforms/tag/scanner.js';
import { compileSubstringScanner } from '../../../transforms/tag/substring-scanner.js';
import { EXAMPLES, tagged } from './language-examples.js';

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

test('names of languages are told by all their bytes, however many, and hostile ones are no language', async () => {
  const language = [
    'de',
    'DE',
    'De',
    'd',
    'deu',
    'ded',
    '\u0000de',
    'de\u0000',
    'de-de',
    'fr',
    'de',
    '',
    'é',
    'x'.repeat(5000),
  ];
  const many = Array.from({ length: 3000 }, (_, i) => `x${i.toString(36)}`);
  const rows = [...language, ...many, 'de', 'fr'];
  const text = rows.map(() => 'eine Frau, une femme noire, Lehrer');
  const tags = await tagged({ text, language: rows }, { use: ['de', 'en'], detect: 'never' });
  const german = new Set(['de', 'DE', 'De', 'de-de']);
  assert.deepEqual(
    tags,
    rows.map((name) => (german.has(name) ? 'female teacher' : '')),
  );
});

test('rows of many languages in any order have the tags that each has by itself', async () => {
  const examples = Object.entries(EXAMPLES).flatMap(([language, captions]) =>
    captions!.map(([text, expected]) => ({ text, expected, language })),
  );
  const rows = fc.array(fc.constantFrom(...examples), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(rows, async (drawn) => {
      const [text, language] = [drawn.map((row) => row.text), drawn.map((row) => row.language)];
      assert.deepEqual(
        await tagged({ text, language }, { use: 'all' }),
        drawn.map(({ expected }) => expected),
      );
    }),
    { numRuns: 20 },
  );
});

test('rows whose language is not identified, as no term is in them, get the tags that they would get', async () => {
  const { eld } = await import('eld/small');
  const detector = eld.newInstance();
  const directory = mkdtempSync(join(tmpdir(), 'own-'));
  writeFileSync(join(directory, 'own.tsv'), 'term\tvalue\ndog\tdog\nT恤\tshirt\n');
  const own = [{ lexicon: join(directory, 'own.tsv') }];
  const pieces = Object.values(EXAMPLES).flatMap((examples) =>
    examples.flatMap(([text]) => [text, ...text.split(' ')]),
  );
  const other = [
    'x',
    'dog',
    'T恤',
    'sunset',
    'on a',
    'der',
    '的',
    '、',
    '\u{1F600}',
    'zu verkaufen',
    'K\u212A',
    '\ud800',
  ];
  const caption = fc
    .array(fc.constantFrom(...pieces, ...other, ...other), { maxLength: 5 })
    .map((list) => list.join(' '));
  await fc.assert(
    fc.asyncProperty(fc.array(caption, { minLength: 200, maxLength: 300 }), async (text) => {
      const language = text.map((caption) => detector.detect(Buffer.from(caption).toString()).language);
      const expected = await tagged({ text, language }, { use: 'all' }, own);
      assert.deepEqual(await tagged({ text }, { use: 'all' }, own), expected);
    }),
    { numRuns: 1 },
  );
  rmSync(directory, { recursive: true });
});

test('a caption mentions something where some scanner finds a term in it', () => {
  const letters = ['a', 'B', 'k', '\u212a', 'я', '女', 'コ', 'ꙋ', '\u1c88', ' ', "'"];
  const text = fc.array(fc.constantFrom(...letters), { maxLength: 6 }).map((list) => list.join(''));
  const lexicon = fc.record({
    name: fc.constant('x'),
    plurals: fc.constant(false),
    unspaced: fc.boolean(),
    entries: fc.array(fc.record({ term: text, value: fc.constantFrom('v', '-'), line: fc.constant(1) }), {
      maxLength: 3,
    }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(lexicon, { maxLength: 2 }), { maxLength: 3 }), fc.array(text), (sets, texts) => {
      const mentions = mentionsOf(sets);
      for (const bytes of texts.map((text) => new TextEncoder().encode(text))) {
        const found = sets.some((set) => {
          const compile = set.some(({ unspaced }) => unspaced) ? compileSubstringScanner : compileScanner;
          return compile(set).scan(bytes, 0, bytes.length) > 0;
        });
        assert.equal(mentions(bytes, 0, bytes.length), found);
      }
    }),
  );
});
