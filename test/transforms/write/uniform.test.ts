import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Utf8, vectorFromArray } from 'apache-arrow';
import { hashIds } from '../../../transforms/filter/hash.js';
import { uniforms } from '../../../transforms/write/uniform.js';

function numbers(ids: (string | null)[], firstRow: number, seed = 1): number[] {
  const rows = Float64Array.from(ids, (_, i) => firstRow + i);
  const out = new Float64Array(ids.length);
  uniforms(vectorFromArray(ids, new Utf8()).data[0]!, rows, seed, out);
  return [...out];
}

test('a row with an id has the hash of it, wherever it stands', () => {
  const out = new Float64Array(1);
  hashIds(vectorFromArray(['a'], new Utf8()).data[0]!, 1, out);
  assert.deepEqual(numbers(['b', 'a', null, 'a'], 50).filter((x) => x === out[0]).length, 2);
});

test('a row without an id has the hash of its number, the same however rows are cut into batches', () => {
  const ids = Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? `r${i}` : null));
  const whole = numbers(ids, 1_000);
  assert.deepEqual([...numbers(ids.slice(0, 37), 1_000), ...numbers(ids.slice(37), 1_037)], whole);
  assert.ok(whole.every((x) => x >= 0 && x < 1));
  assert.equal(new Set(whole).size, 100);
  assert.notDeepEqual(numbers(ids, 1_000, 2), whole);
});
