import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Lexicon, SILENT } from '../../../transforms/tag/lexicon.js';
import { compileSubstringScanner } from '../../../transforms/tag/substring-scanner.js';

const kindOf = (character: string) =>
  /[ァ-ヺー]/u.test(character) ? 'katakana' : /[a-z0-9]/i.test(character) ? 'letter' : character;
const whole = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined || kindOf(a) !== kindOf(b) || !/katakana|letter/.test(kindOf(a));

/** The definition, one lexicon at a time, by slices of strings. */
function slowScan(text: string, lexicons: readonly Lexicon[]): string[] {
  const characters = [...text];
  const found: string[] = [];
  lexicons.forEach(({ entries }, number) => {
    const values = new Map(entries.map(({ term, value }) => [term, value]));
    for (let at = 0; at < characters.length; ) {
      let end = 0;
      for (let to = at + 1; to <= characters.length; to++) {
        if (!values.has(characters.slice(at, to).join('').toLowerCase())) continue;
        if (whole(characters[at - 1], characters[at]) && whole(characters[to - 1], characters[to])) end = to;
      }
      if (end === 0) {
        at++;
        continue;
      }
      const value = values.get(characters.slice(at, end).join('').toLowerCase())!;
      if (value !== SILENT) found.push(`${number} ${value}`);
      at = end;
    }
  });
  return found.sort();
}

const letters = fc.constantFrom('女', '医', '生', 'コ', 'ッ', 'ー', 'の', 'd', 'j', 'D', '、', ' ', '𠮷');
const term = fc
  .array(fc.constantFrom('女', '医', '生', 'コ', 'ッ', 'ー', 'の', 'd', 'j', '𠮷'), { minLength: 1, maxLength: 3 })
  .map((list) => list.join(''));
const lexicon = fc
  .uniqueArray(fc.record({ term, value: fc.constantFrom('a', 'b', SILENT), line: fc.constant(1) }), {
    selector: (entry) => entry.term,
    minLength: 1,
    maxLength: 8,
  })
  .map((entries): Lexicon => ({ name: 'x', plurals: false, unspaced: true, entries }));

test('finds what its definition finds, in any part of a buffer', () => {
  fc.assert(
    fc.property(
      fc.array(lexicon, { minLength: 1, maxLength: 3 }),
      fc.array(fc.array(letters, { maxLength: 14 }), { minLength: 1, maxLength: 3 }),
      (lexicons, texts) => {
        const scanner = compileSubstringScanner(lexicons);
        for (const text of texts.map((list) => list.join(''))) {
          const bytes = new TextEncoder().encode(`女${text}コ`);
          const count = scanner.scan(bytes, 3, bytes.length - 3);
          const found = [...scanner.found.subarray(0, count)].map((i) => {
            const { lexicon: number, value } = scanner.values[i]!;
            return `${number} ${value}`;
          });
          assert.deepEqual(found.sort(), slowScan(text, lexicons));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('bytes that are no UTF-8 end nothing but a term, and long captions are scanned whole', () => {
  const scanner = compileSubstringScanner([
    { name: 'x', plurals: false, unspaced: true, entries: [{ term: '女医', value: 'a', line: 1 }] },
  ]);
  const good = new TextEncoder().encode('女医');
  const broken = Uint8Array.from([...good.subarray(0, 3), 0xff, ...good.subarray(3), ...good]);
  assert.equal(scanner.scan(broken, 0, broken.length), 1);
  const long = new TextEncoder().encode('女医'.repeat(5000));
  assert.equal(scanner.scan(long, 0, long.length), 5000);
});
