import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wordFigure } from '../../../transforms/stats/word-figures.js';
import { createCaptionWords, LONGEST_WORD, MOST_WORDS } from '../../../transforms/stats/words.js';
import { foldCodePoint } from '../../../transforms/tag/fold.js';

/** Words as a regular expression finds them. */
function slowly(text: string): string[] {
  const runs = (text.match(/[\p{L}\p{N}\p{M}_]+/gu) ?? []).slice(0, MOST_WORDS);
  const folded = runs.map((word) =>
    Array.from(word, (letter) => String.fromCodePoint(foldCodePoint(letter.codePointAt(0)!))).join(''),
  );
  // What could be longer than the limit in the worst case is passed over: four bytes are kept free.
  return [...new Set(folded)].filter((word) => Buffer.byteLength(word) <= LONGEST_WORD - 4);
}

function wordsOf(text: Uint8Array): string[] {
  const words = createCaptionWords();
  const count = words.find(text, 0, text.length);
  return Array.from({ length: count }, (_, w) =>
    Buffer.from(words.bytes.subarray(words.offsets[w], words.offsets[w + 1])).toString(),
  );
}

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    'ß',
    'é',
    'E\u0301',
    'K',
    '\u212a',
    ' ',
    '-',
    '_',
    '9',
    '漢',
    '😀',
    '𝒳',
    '\u202e',
    "'",
    '</script>',
  ),
  fc.string({ unit: 'grapheme' }),
);
const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

test('finds the distinct words of a caption, folded', () => {
  fc.assert(
    fc.property(text, (caption) => {
      const usual = slowly(caption).filter((word) => Buffer.byteLength(word) <= LONGEST_WORD - 8);
      const found = wordsOf(Buffer.from(caption));
      assert.deepEqual(
        found.filter((word) => Buffer.byteLength(word) <= LONGEST_WORD - 8),
        usual,
      );
      assert.ok(found.every((word) => Buffer.byteLength(word) <= LONGEST_WORD));
    }),
    { numRuns: 1000 },
  );
});

test('any bytes are taken, and words end at those that are no UTF-8', () => {
  assert.deepEqual(wordsOf(Uint8Array.of(0x61, 0xff, 0x62, 0xe2, 0x28, 0xf0, 0x9f)), ['a', 'b']);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void wordsOf(bytes)));
});

test('long words and long captions are bounded', () => {
  assert.deepEqual(wordsOf(Buffer.from(`${'x'.repeat(500)} short`)), ['short']);
  const many = Array.from({ length: 2 * MOST_WORDS }, (_, i) => `w${i}`);
  assert.deepEqual(wordsOf(Buffer.from(many.join(' '))), many.slice(0, MOST_WORDS));
});

test('the log-odds of a word are those of Monroe, Colaresi and Quinn', () => {
  const { logOdds, z } = wordFigure('x', { present: 30, absent: 5 }, { present: 1000, absent: 3000 });
  const prior = (1000 * 35) / 4000;
  const [a, b] = [30 + prior, 5 + prior];
  const expected = Math.log(a / (2000 - a)) - Math.log(b / (4000 - b));
  assert.ok(Math.abs(logOdds - expected) < 1e-12);
  assert.ok(Math.abs(z - expected / Math.sqrt(1 / a + 1 / b)) < 1e-12);
});
