import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Int32, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { keyOf, sampleKeys } from '../../../transforms/write/keys.js';

test('keys: safe in a tar header, cut by no reader, and different where ids are', () => {
  const id = fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.stringMatching(/^[ab.%/-]{0,4}[0-9]{0,3}$/));
  fc.assert(
    fc.property(id, id, fc.nat(255), fc.nat(255), (a, b, m, n) => {
      const key = keyOf(a);
      assert.match(key, /^[A-Za-z0-9_%-]{0,80}$/);
      const repeat = (of: string, copy: number) => (copy === 0 ? of : `${of}-${copy}`);
      assert.equal(repeat(key, m) === repeat(keyOf(b), n), a === b && m === n);
    }),
  );
});

test('keys: repeats are numbered, rows without an id have their number', () => {
  const keys = (values: unknown[], type: Utf8 | Int32, indices: number[]) => {
    const data = sampleKeys(vectorFromArray(values as never[], type as never).data[0]!, Uint32Array.from(indices), 70);
    const offsets = data.valueOffsets as Int32Array;
    return indices.map((_, i) => Buffer.from(data.values.subarray(offsets[i]!, offsets[i + 1]!)).toString());
  };
  assert.deepEqual(keys(['a', 'b/c.d', null, ''], new Utf8(), [0, 0, 0, 1, 2, 2, 3]), [
    'a',
    'a-1',
    'a-2',
    'b%2Fc%2Ed',
    '%row72',
    '%row72-1',
    '%row73',
  ]);
  assert.deepEqual(keys([5, -5], new Int32(), [0, 1, 1]), ['5', '%2D5', '%2D5-1']);
});
