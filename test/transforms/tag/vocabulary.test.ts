import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { createByteTable } from '../../../transforms/tag/byte-table.js';
import { addVocabulary, createVocabularyCounter, topVocabulary } from '../../../transforms/tag/vocabulary.js';
import { batchOf, lists } from './batch.js';

const row = fc.option(fc.array(fc.option(fc.constantFrom('a', 'b', 'ü', 'dog', ''), { freq: 8 }), { maxLength: 5 }), {
  freq: 6,
});

test('strings are counted once a row, however the rows are split and merged', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), fc.nat(30), (rows, cut) => {
      const expected = new Map<string, number>();
      for (const items of rows)
        for (const item of new Set(items)) if (item !== null) expected.set(item, (expected.get(item) ?? 0) + 1);
      const batch = batchOf({ l: lists(rows) });
      const at = Math.min(cut, rows.length);
      const counted = [batch.slice(0, at), batch.slice(at)].map((part) => {
        const counter = createVocabularyCounter('l');
        counter.add(part);
        return counter.counts();
      });
      const sum = new Map(counted[0]!);
      addVocabulary(sum, counted[1]!);
      assert.deepEqual(new Map([...sum].sort()), new Map([...expected].sort()));
      const alone = new Map<string, number>();
      addVocabulary(alone, counted[1]!);
      assert.deepEqual(alone, counted[1]);
    }),
  );
});

test('dropped rows are not counted', () => {
  const counter = createVocabularyCounter('l');
  counter.add(batchOf({ l: lists([['a'], ['a'], ['b']]) }), Uint8Array.of(0, 3, 0));
  assert.deepEqual(
    [...counter.counts()],
    [
      ['a', 1],
      ['b', 1],
    ],
  );
});

test('the most frequent come first, equals by name, rare and empty ones left out', () => {
  const counts = new Map([
    ['x', 2],
    ['b', 5],
    ['a', 5],
    ['rare', 1],
    ['', 9],
  ]);
  assert.deepEqual(topVocabulary(counts, 2, 10), ['a', 'b', 'x']);
  assert.deepEqual(topVocabulary(counts, 1, 2), ['a', 'b']);
});

test('more distinct strings than are allowed are refused', () => {
  const counter = createVocabularyCounter('l', 5000);
  const rows = (n: number) => lists(Array.from({ length: n }, (_, i) => [`v${i}`]));
  counter.add(batchOf({ l: rows(5000) }));
  assert.equal(counter.counts().size, 5000);
  assert.throws(
    () => counter.add(batchOf({ l: rows(5001) })),
    (e: unknown) => e instanceof InputError && /column l: expected at most 5000/.test(e.message),
  );
});

test('a byte table numbers strings as a Map does', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3 }), { maxLength: 200 }), (strings) => {
      const encoder = new TextEncoder();
      const table = createByteTable();
      const numbers = new Map<string, number>();
      for (const text of strings) {
        const bytes = encoder.encode(text);
        assert.equal(table.find(bytes, 0, bytes.length), numbers.get(text) ?? -1);
        if (!numbers.has(text)) numbers.set(text, numbers.size);
        assert.equal(table.intern(bytes, 0, bytes.length), numbers.get(text));
      }
      assert.equal(table.size, numbers.size);
      for (const [text, n] of numbers) assert.deepEqual(table.bytesOf(n), encoder.encode(text));
    }),
  );
});
