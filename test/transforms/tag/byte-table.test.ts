import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createByteTable } from '../../../transforms/tag/byte-table.js';

/** Short strings of few characters, so that many are equal and many are prefixes of others. */
const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é', '😀'), maxLength: 6 }), {
  maxLength: 40,
});

/** The strings end to end behind `gap` other bytes, and where each begins. */
function endToEnd(strings: readonly string[], gap: number) {
  const all = Buffer.from('x'.repeat(gap) + strings.join(''));
  const offsets = new Int32Array(strings.length + 1);
  offsets[0] = gap;
  strings.forEach((text, i) => {
    offsets[i + 1] = offsets[i]! + Buffer.byteLength(text);
  });
  return { bytes: new Uint8Array(all), offsets };
}

test('strings are numbered as they first come, and found one by one and all at once', () => {
  fc.assert(
    fc.property(texts, texts, fc.nat(5), (known, asked, gap) => {
      const table = createByteTable(known);
      const distinct = [...new Set(known)];
      const { bytes, offsets } = endToEnd(asked, gap);
      const expected = asked.map((text) => distinct.indexOf(text));
      assert.equal(table.size, distinct.length);
      assert.deepEqual([...table.findAll(bytes, offsets, 0, asked.length)], expected);
      assert.deepEqual(
        asked.map((_, i) => table.find(bytes, offsets[i]!, offsets[i + 1]!)),
        expected,
      );
      const half = asked.length >> 1;
      assert.deepEqual([...table.findAll(bytes, offsets, half, asked.length)], expected.slice(half));
      distinct.forEach((text, n) => {
        assert.equal(Buffer.from(table.bytesOf(n)).toString(), text);
      });
    }),
  );
});

test('a table that has grown finds what it had before', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `label ${i}`);
  const table = createByteTable(names);
  const { bytes, offsets } = endToEnd(names, 3);
  assert.deepEqual([...table.findAll(bytes, offsets, 0, names.length)], [...names.keys()]);
  assert.equal(table.intern(bytes, offsets[0]!, offsets[2]!), names.length);
});
