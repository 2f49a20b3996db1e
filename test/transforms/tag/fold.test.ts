import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, foldCodePoint, NOT_WORD } from '../../../transforms/tag/fold.js';

test('code points of words are those of the RegExp classes', () => {
  const word = /^[\p{L}\p{N}\p{M}_]$/u;
  for (let point = 0; point < 0x30000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    assert.equal(foldCodePoint(point) !== NOT_WORD, word.test(String.fromCodePoint(point)), point.toString(16));
  }
});

test('two letters fold together exactly where a RegExp with the flags iu holds them equal', () => {
  const changing: number[] = [];
  for (let point = 0; point <= 0x1ffff; point++) {
    if (/^[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]$/u.test(String.fromCodePoint(point)))
      changing.push(point);
  }
  const letters = changing.filter((point) => foldCodePoint(point) !== NOT_WORD);
  const all = String.fromCodePoint(...letters);
  assert.ok(letters.length > 2500);
  const classes = new Map<number, Set<number>>();
  for (const point of letters) {
    const folded = foldCodePoint(point);
    assert.equal(foldCodePoint(folded), folded, point.toString(16));
    classes.set(folded, (classes.get(folded) ?? new Set()).add(point));
  }
  for (const point of letters) {
    const equal = all.match(new RegExp(`\\u{${point.toString(16)}}`, 'giu'))!.map((c) => c.codePointAt(0)!);
    assert.deepEqual(new Set(equal), classes.get(foldCodePoint(point)), point.toString(16));
  }
});

test('decoding gives back every code point, and refuses what is not UTF-8', () => {
  const out = new Uint8Array(8);
  for (let point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 61) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const end = encodeUtf8(point, out, 0);
    assert.equal(decodeUtf8(out, 0, end), point * 8 + end);
    assert.deepEqual(out.subarray(0, end), new TextEncoder().encode(String.fromCodePoint(point)));
  }
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 4 }), (bytes) => {
      const decoded = decodeUtf8(bytes, 0, bytes.length);
      const prefix = bytes.subarray(0, decoded < 0 ? bytes.length : decoded & 7);
      let text: string | undefined;
      try {
        text = strict.decode(prefix);
      } catch {}
      if (decoded >= 0) assert.equal(text, String.fromCodePoint(decoded >>> 3));
      else for (let n = 1; n <= bytes.length; n++) assert.throws(() => strict.decode(bytes.subarray(0, n)));
    }),
    { numRuns: 5000 },
  );
});
