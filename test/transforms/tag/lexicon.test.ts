import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError, InputError } from '../../../schemas/errors.js';
import { expandLexicon, parseLexicon, termKey } from '../../../transforms/tag/lexicon.js';
import { pluralOf, pluralOfWord } from '../../../transforms/tag/plural.js';
import { BUILT_IN_LEXICONS, readLexicon, readLexicons } from '../../../transforms/tag/read-lexicon.js';

test('plurals follow the rules of English and its exceptions', () => {
  const pairs =
    'man men,woman women,human humans,German Germans,child children,grandchild grandchildren,wife wives,housewife housewives,lady ladies,boy boys,boss bosses,fox foxes,coach coaches,hero heroes,thief thieves,person people,salesperson salespeople';
  for (const pair of pairs.toLowerCase().split(',')) {
    const [one, many] = pair.split(' ');
    assert.equal(pluralOfWord(one!), many);
  }
  assert.deepEqual(pluralOf(['mother', 'in', 'law']), ['mothers', 'in', 'law']);
  assert.deepEqual(pluralOf(['police', 'officer']), ['police', 'officers']);
});

test('a listed term wins over a plural that falls together with it', () => {
  const terms = expandLexicon(parseLexicon('x', 'term\tvalue\nmr\tmale\nmrs\tfemale\n'));
  assert.deepEqual(
    terms.map((t) => [termKey(t), t.value]),
    [
      ['mr', 'male'],
      ['mrs', 'female'],
      ['mrses', 'female'],
    ],
  );
});

test('a lexicon can do without plurals', () => {
  const terms = expandLexicon(parseLexicon('x', '# plurals: none\nterm\tvalue\nMann\tmale\n'));
  assert.deepEqual(terms.map(termKey), ['mann']);
});

test('comments, empty lines, a byte order mark, CRLF and repeats are allowed', () => {
  const { entries } = parseLexicon('x', '\ufeff# a comment\r\n\r\nterm\tvalue\r\nnurse\tnurse\r\nNurse\tnurse\r\n');
  assert.deepEqual(entries, [{ term: 'nurse', value: 'nurse', line: 4 }]);
});

for (const [what, text, line] of [
  ['a wrong header', 'word\tlabel\na\tb', 1],
  ['no header', 'nurse\tnurse', 1],
  ['no term', 'term\tvalue\n', 2],
  ['a missing field', 'term\tvalue\nnurse\n', 2],
  ['too many fields', 'term\tvalue\na\tb\tc\n', 2],
  ['an empty term', 'term\tvalue\n \tb\n', 2],
  ['an empty value', 'term\tvalue\nok\tb\na\t \n', 3],
  ['a term with other characters', 'term\tvalue\nc++\tb\n', 2],
  ['a term of hyphens', 'term\tvalue\n--\tb\n', 2],
  ['control characters in a value', 'term\tvalue\na\tb\u0007\n', 2],
  ['a very long term', `term\tvalue\n${'a'.repeat(201)}\tb\n`, 2],
  ['a term of many words', `term\tvalue\n${'a '.repeat(17)}\tb\n`, 2],
  ['one term with two values', 'term\tvalue\nA-b\tx\n a  B\ty\n', 3],
  ['too many terms', `term\tvalue\n${Array.from({ length: 100_001 }, (_, i) => `w${i}\tv`).join('\n')}`, 100_002],
] as const) {
  test(`a lexicon with ${what} is refused, naming file and line`, () => {
    assert.throws(
      () => parseLexicon('my.tsv', text),
      (e: unknown) => e instanceof InputError && e.message.includes(`my.tsv, line ${line}:`) && e.message.length < 500,
    );
  });
}

test('the built-in lexicons are read from the package and are large enough to be of use', () => {
  const values = Object.fromEntries(
    BUILT_IN_LEXICONS.map((name) => [
      name,
      new Set(
        readLexicon(name)
          .entries.map(({ value }) => value)
          .filter((v) => v !== '-'),
      ),
    ]),
  );
  assert.deepEqual([...values.gender!].sort(), ['female', 'male']);
  assert.deepEqual([...values.age!].sort(), ['adult', 'child', 'elderly', 'young']);
  assert.ok(values.occupations!.size >= 150);
  assert.ok(values.proxies!.size >= 80);
});

test('files are read as UTF-8 and refused by name otherwise', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lexicon-'));
  try {
    const path = join(folder, 'own.tsv');
    writeFileSync(path, 'term\tvalue\nkadın\tfemale\n');
    assert.equal(readLexicon(path).entries[0]!.term, 'kadın');
    writeFileSync(path, Buffer.from([0x74, 0xff]));
    assert.throws(
      () => readLexicon(path),
      (e: unknown) => e instanceof InputError && e.message.includes('own.tsv'),
    );
    assert.throws(() => readLexicon(join(folder, 'none.tsv')), /none\.tsv: expected a readable file, got ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an attribute value that its lexicon does not have is a mistake of the configuration', () => {
  const attribute = { lexicon: 'gender', value: 'femal', column: 'text', target: 0.5 };
  assert.throws(
    () => readLexicons({ s: attribute }, []),
    (e: unknown) => e instanceof ConfigError && /female, male/.test(e.message),
  );
});
