import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Lexicon, parseLexicon } from '../../../transforms/tag/lexicon.js';
import { compileScanner, type Scanner } from '../../../transforms/tag/scanner.js';
import { needs } from '../../shared.js';
import { readCaptions } from './captions.js';
import { slowScanner } from './slow-scanner.js';

const encoder = new TextEncoder();

function lexicon(name: string, entries: readonly (readonly [string, string])[]): Lexicon {
  return parseLexicon(name, `term\tvalue\n${entries.map((entry) => entry.join('\t')).join('\n')}\n`);
}

const PEOPLE = lexicon('people', [
  ['man', 'male'],
  ['mr', 'male'],
  ['woman', 'female'],
  ['mrs', 'female'],
  ['kadın', 'female'],
  ['σοφός', 'male'],
  ['mother-in-law', 'female'],
  ['man made', '-'],
  ['café girl', 'female'],
  ['king size', '-'],
  ['king', 'male'],
]);
const WORK = lexicon('work', [
  ['fire fighter', 'firefighter'],
  ['fireman', 'firefighter'],
  ['king of the road', 'trucker'],
  ['king size bed', 'bed'],
  ['a b', 'ab'],
  ['a b c d', 'abcd'],
  ['b c', 'bc'],
  ["ship's cook", 'cook'],
  ['cook', 'cook'],
  ['straße', 'road'],
]);

function scanned(scanner: Scanner, bytes: Uint8Array): string[] {
  const padded = new Uint8Array(bytes.length + 8).fill(0x61);
  padded.set(bytes, 3);
  const count = scanner.scan(padded, 3, 3 + bytes.length);
  const found = [...scanner.found.subarray(0, count)].map((v) => scanner.values[v]!);
  return [...new Set(found.map(({ lexicon: l, value }) => `${l}:${value}`))].sort();
}

const both = compileScanner([PEOPLE, WORK]);
const find = (text: string): string[] => scanned(both, encoder.encode(text));

test('whole words are found in any case, with plurals, and next to punctuation', () => {
  assert.deepEqual(find('A MAN, standing'), ['0:male']);
  assert.deepEqual(find('two men'), ['0:male']);
  assert.deepEqual(find("the man's hat"), ['0:male']);
  assert.deepEqual(find('manhole of a human in romania'), []);
  assert.deepEqual(find('man_made man2 2man'), []);
  assert.deepEqual(find('Mrs'), ['0:female']);
});

test('letters beyond ASCII fold as in a RegExp with the flags iu', () => {
  assert.deepEqual(find('KADIN'), []);
  assert.deepEqual(find('kadın'), ['0:female']);
  assert.deepEqual(find('ΣΟΦΌΣ'), ['0:male']);
  assert.deepEqual(find('STRAẞE'), ['1:road']);
  assert.deepEqual(find('STRASSE'), []);
  assert.deepEqual(find('\u212aing'), ['0:male']);
  assert.deepEqual(find('mané'), []);
  assert.deepEqual(find('“man”—'), ['0:male']);
});

test('a term is found in composed and decomposed form, its words apart by any run of spaces and hyphens', () => {
  assert.deepEqual(find('caf\u00e9 girl'), ['0:female']);
  assert.deepEqual(find('cafe\u0301\u00a0 -\tgirls'), ['0:female']);
  assert.deepEqual(find('mothers in law'), ['0:female']);
  assert.deepEqual(find('fire. fighter'), []);
  assert.deepEqual(find('ship’s cook'), ['1:cook']);
});

test('the longest term wins within a lexicon and hides nothing from another', () => {
  assert.deepEqual(find('king-size'), []);
  assert.deepEqual(find('a king size bed'), ['1:bed']);
  assert.deepEqual(find('a king \u017fize bed'), ['1:bed']);
  assert.deepEqual(find('king of the road'), ['0:male', '1:trucker']);
  assert.deepEqual(find('a b c'), ['1:ab']);
  assert.deepEqual(find('a b c d'), ['1:abcd']);
  assert.deepEqual(find('a b c e'), ['1:ab']);
  assert.deepEqual(find('e b c'), ['1:bc']);
});

const SOUP = [
  'man',
  'MEN',
  'king',
  'King',
  'size',
  'ſize',
  'bed',
  'made',
  'of',
  'the',
  'road',
  'a',
  'b',
  'c',
  'd',
  'fire',
  'fighter',
  'ship',
  's',
  'cook',
  'mother',
  'in',
  'law',
  'café',
  'cafe\u0301',
  'girl',
  'kadın',
  'KADIN',
  'σοφός',
  'ΣΟΦΌΣ',
  'straße',
  'ſ',
  '\u212a',
  'x',
  '😀',
];
const GLUE = [' ', '  ', '-', '\u2011', '\u00a0', "'", '’', ', ', '', '_', '\u0301', '。', '\n', '\ufffd', '\ufeff'];

test('fast and slow definition agree on soups of words', () => {
  const slow = slowScanner([PEOPLE, WORK]);
  const soup = fc.array(fc.tuple(fc.constantFrom(...SOUP), fc.constantFrom(...GLUE)), { maxLength: 12 });
  fc.assert(
    fc.property(soup, (parts) => {
      const bytes = encoder.encode(parts.flat().join(''));
      assert.deepEqual(scanned(both, bytes), slow(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('fast and slow definition agree on broken UTF-8', () => {
  const slow = slowScanner([PEOPLE, WORK]);
  const piece = fc.oneof(
    fc.constantFrom(...SOUP, ...GLUE).map((text) => encoder.encode(text)),
    fc.uint8Array({ maxLength: 4 }),
    fc.constantFrom(...SOUP).map((text) => encoder.encode(text).slice(0, -1)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const bytes = Uint8Array.from(pieces.flatMap((part) => [...part]));
      assert.deepEqual(scanned(both, bytes), slow(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('fast and slow definition agree for random lexicons of letters', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 2 });
  const term = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
  const entries = fc.uniqueArray(fc.tuple(term, fc.constantFrom('p', 'q', '-')), {
    minLength: 1,
    maxLength: 8,
    selector: ([t]) => t,
  });
  fc.assert(
    fc.property(
      fc.array(entries, { minLength: 1, maxLength: 3 }),
      fc.array(word, { maxLength: 14 }),
      (lists, words) => {
        const lexicons = lists.map((list, i) => lexicon(`l${i}`, list));
        const bytes = encoder.encode(words.join(' '));
        assert.deepEqual(scanned(compileScanner(lexicons), bytes), slowScanner(lexicons)(bytes));
      },
    ),
    { numRuns: 60 },
  );
});

test('a lexicon of 100,000 terms is compiled and every term of it found', () => {
  const terms = Array.from(
    { length: 100_000 },
    (_, i) => [`w${i.toString(36)} t${(i % 977).toString(36)}`, `v${i % 60_000}`] as const,
  );
  const large = compileScanner([lexicon('large', terms)]);
  assert.equal(large.values.length, 60_000);
  for (let i = 0; i < terms.length; i += 97) {
    assert.deepEqual(scanned(large, encoder.encode(`see ${terms[i]![0].toUpperCase()}!`)), [`0:${terms[i]![1]}`]);
  }
});

test('a caption of more known words than any table had room for is scanned whole', () => {
  assert.equal(both.scan(encoder.encode('man '.repeat(10_000)), 0, 40_000), 10_000);
  const bytes = encoder.encode(`${'king size '.repeat(1000)}mrs`);
  assert.deepEqual(scanned(both, bytes), ['0:female']);
});

for (const path of ['data/pairs/coco_val2017_captions.parquet', 'data/pairs/cc3m_val.parquet']) {
  test(`fast and slow definition agree on the captions of ${path}`, needs(path), async () => {
    const captions = await readCaptions(path);
    const slow = slowScanner([PEOPLE, WORK]);
    for (const caption of captions) {
      const bytes = encoder.encode(caption);
      assert.deepEqual(scanned(both, bytes), slow(bytes), caption);
    }
  });
}
