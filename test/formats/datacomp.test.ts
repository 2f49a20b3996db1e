import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Utf8 } from 'apache-arrow';
import { datacompWriter, npyHead, uidBefore } from '../../formats/datacomp.js';
import { batchOf } from '../end-to-end/inputs.js';

test('a head of NumPy is aligned, and says its rows', () => {
  for (const rows of [0, 7, 12_800_000_000]) {
    const head = Buffer.from(npyHead(rows));
    assert.equal(head.length % 64, 0);
    assert.equal(head.readUInt16LE(8), head.length - 10);
    assert.ok(head.toString('latin1').includes(`'shape': (${rows},)`));
    assert.equal(head.at(-1), 10);
  }
});

test('uids are sorted as numbers of 128 bits, repeats kept', async () => {
  const uids = Array.from({ length: 500 }, (_, i) =>
    createHash('md5')
      .update(String(i % 400))
      .digest('hex'),
  );
  const batch = batchOf([['id', { type: new Utf8(), values: uids }]]);
  const writer = datacompWriter(batch.schema);
  await writer.write(batch.slice(0, 200));
  await writer.write(batch.slice(200));
  const bytes = Buffer.concat(await writer.close());
  const read = uids.map((_, i) => {
    const half = (at: number) =>
      bytes
        .readBigUInt64LE(16 * i + at)
        .toString(16)
        .padStart(16, '0');
    return half(0) + half(8);
  });
  assert.deepEqual(read, [...uids].sort());
  for (let i = 1; i < read.length; i++) {
    assert.ok(uidBefore(bytes, 16 * (i - 1), bytes, 16 * i));
    assert.equal(uidBefore(bytes, 16 * i, bytes, 16 * (i - 1)), read[i] === read[i - 1]);
  }
});

test('an id that is no uid is refused', () => {
  const batch = batchOf([['id', { type: new Utf8(), values: ['0'.repeat(31)] }]]);
  assert.throws(() => datacompWriter(batch.schema).write(batch), /column id: expected uids of 32 hexadecimal digits/);
});
