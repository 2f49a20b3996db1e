import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Binary, Int64, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { InvariantError } from '../../../schemas/errors.js';
import { BUCKETS, createDuplicateRuns, findDuplicates, RECORD_BYTES } from '../../../transforms/filter/duplicates.js';
import type { SpillRuns } from '../../../transforms/filter/spill-runs.js';

function found(all: readonly SpillRuns[], reverse = false): number[] {
  const rows: number[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const runs = all.map((runs) => runs.take(bucket));
    rows.push(...findDuplicates(reverse ? runs.reverse() : runs));
  }
  return rows.sort((a, b) => a - b);
}

const id = fc.option(
  fc.integer({ min: 0, max: 30 }).map((n) => `id ${n}`),
  { freq: 8 },
);

test('all rows but the first of each id are found, however the input is split, in whatever order', () => {
  fc.assert(
    fc.property(
      fc.array(id, { minLength: 1, maxLength: 80 }),
      fc.nat(80),
      fc.boolean(),
      fc.constantFrom(0, 5, 2 ** 33 - 20),
      (ids, cut, reverse, first) => {
        const seen = new Set<string | null>([null]);
        const expected: number[] = [];
        ids.forEach((text, i) => {
          if (seen.has(text) && text !== null) expected.push(first + i);
          seen.add(text);
        });
        const data = vectorFromArray(ids, new Utf8()).data[0]!;
        const at = Math.min(cut, ids.length);
        const [a, b] = [createDuplicateRuns(), createDuplicateRuns()];
        a.append('id', data.slice(0, at), first);
        b.append('id', data.slice(at, ids.length - at), first + at);
        assert.deepEqual(found([a, b], reverse), expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('an integer and its decimal string are one id', () => {
  const runs = createDuplicateRuns();
  runs.append('id', vectorFromArray([7n, 8n], new Int64()).data[0]!, 0);
  runs.append('id', vectorFromArray(['8', '7'], new Utf8()).data[0]!, 2);
  assert.deepEqual(found([runs]), [2, 3]);
});

test('bytes are compared by SHA-256, empty ones too; null ones are no duplicates', () => {
  const images = ['jpeg', null, '', 'jpeg ', 'jpeg', null, ''].map((text) => text && Buffer.from(text));
  images[2] = Buffer.alloc(0);
  images[6] = Buffer.alloc(0);
  const runs = createDuplicateRuns();
  runs.append('image', vectorFromArray(images, new Binary()).data[0]!, 0);
  const records: string[] = [];
  const digest = createHash('sha256').update('jpeg').digest('hex').slice(0, 32);
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) => runs.take(bucket));
  for (const bytes of buckets)
    for (let at = 0; at < bytes.length; at += RECORD_BYTES)
      records.push(Buffer.from(bytes.subarray(at, at + 16)).toString('hex'));
  assert.equal(records.filter((record) => record === digest).length, 2);
  assert.deepEqual(buckets.flatMap((bytes) => [...findDuplicates([bytes])]).sort(), [4, 6]);
});

test('dropped rows are left out, so a later row is the first', () => {
  const runs = createDuplicateRuns();
  runs.append('id', vectorFromArray(['a', 'a', 'a'], new Utf8()).data[0]!, 0, Uint8Array.of(1, 0, 0));
  assert.deepEqual(found([runs]), [2]);
});

test('runs spilled twice, by a retry, find the same', () => {
  const make = () => {
    const runs = createDuplicateRuns();
    runs.append('id', vectorFromArray(['a', 'b', 'a', 'a'], new Utf8()).data[0]!, 10);
    return runs;
  };
  assert.deepEqual(found([make(), make()]), [12, 13]);
});

test('a taken bucket is empty, and what is held is told', () => {
  const runs = createDuplicateRuns();
  runs.append(
    'id',
    vectorFromArray(
      Array.from({ length: 5000 }, (_, i) => `${i}`),
      new Utf8(),
    ).data[0]!,
    0,
  );
  assert.equal(runs.bytes, 5000 * RECORD_BYTES);
  let taken = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const bytes = runs.take(bucket).length;
    assert.ok(bytes > 0 && bytes < 60 * RECORD_BYTES, 'buckets are of like size');
    taken += bytes;
  }
  assert.deepEqual([taken, runs.bytes, runs.take(0).length], [5000 * RECORD_BYTES, 0, 0]);
});

test('cut-off records are noticed', () => {
  assert.throws(() => findDuplicates([new Uint8Array(RECORD_BYTES + 1)]), InvariantError);
});
