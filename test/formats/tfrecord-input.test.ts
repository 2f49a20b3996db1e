import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { Binary, Field, Int64, List, makeBuilder, type RecordBatch, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { maskedCrc32c } from '../../formats/crc32c.js';
import { batchOf } from '../../formats/data.js';
import { decodeExample } from '../../formats/example.js';
import { visitBytes, visitExample, visitFloats, visitIntegers } from '../../formats/example-fields.js';
import { tfrecord } from '../../formats/tfrecord.js';
import { readTfrecords } from '../../formats/tfrecord-reader.js';
import { tfrecordWriter } from '../../formats/tfrecord-writer.js';
import { InputError } from '../../schemas/errors.js';
import { needs, sharedPath } from '../shared.js';
import { memorySource, readAll, written } from './memory.js';

/** One frame, with its checksums. */
function frame(data: Uint8Array): Uint8Array {
  const out = Buffer.alloc(data.length + 16);
  out.writeBigUInt64LE(BigInt(data.length), 0);
  out.writeUInt32LE(maskedCrc32c(out.subarray(0, 8)), 8);
  out.set(data, 12);
  out.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return out;
}

const golden = (name: string) =>
  memorySource(new Uint8Array(readFileSync(sharedPath(`data/golden/tfrecord/${name}`))), name);

/** What the fast walk finds, in the form of the slow one. */
function walked(bytes: Uint8Array) {
  const found = new Map<string, unknown>();
  visitExample(bytes, 0, bytes.length, (keyStart, keyEnd, kind, start, end) => {
    const values: unknown[] = [];
    if (kind === 1)
      visitBytes(bytes, start, end, (s, e) => values.push(Buffer.from(bytes.subarray(s, e)).toString('hex')));
    if (kind === 2) visitFloats(bytes, start, end, (v) => values.push(v));
    if (kind === 3) visitIntegers(bytes, start, end, (v) => values.push(BigInt(v)));
    found.set(Buffer.from(bytes.subarray(keyStart, keyEnd)).toString(), values);
  });
  return found;
}

const slow = (bytes: Uint8Array) =>
  new Map(
    [...decodeExample(bytes)].map(([key, { values }]) => [
      key,
      values.map((v) => (v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v)),
    ]),
  );

for (const name of ['edge.tfrecord', 'edge.tfrecord.gz', 'edge.tfrecord.zlib']) {
  test(
    `${name}: the fast walk over an Example finds what the slow one does`,
    needs('data/golden/tfrecord'),
    async () => {
      let records = 0;
      for await (const record of readTfrecords(golden(name))) {
        assert.deepEqual(walked(record.slice()), slow(record.slice()));
        records++;
      }
      assert.ok(records > 0);
    },
  );
}

function pairs(rows: number): RecordBatch {
  const column = (type: Binary | Utf8 | Int64 | List, value: (i: number) => unknown) => {
    const builder = makeBuilder({ type, nullValues: [null] });
    for (let i = 0; i < rows; i++) builder.append(value(i) as never);
    return builder.finish().toVector().data[0]!;
  };
  const schema = new Schema([
    new Field('jpg', new Binary(), true),
    new Field('key', new Utf8(), true),
    new Field('tags', new List(new Field('item', new Utf8(), true)), true),
    new Field('txt', new Utf8(), true),
    new Field('width', new Int64(), true),
  ]);
  return batchOf(
    schema,
    [
      column(new Binary(), (i) => Uint8Array.of(0xff, 0xd8, i & 0xff)),
      column(new Utf8(), (i) => String(i).padStart(9, '0')),
      column(schema.fields[2]!.type as List, (i) => Array.from({ length: i % 3 }, (_, k) => `t${k}`)),
      column(new Utf8(), (i) => `caption ${i} é`),
      column(new Int64(), (i) => (i % 2 === 0 ? BigInt(i) : -(2n ** 63n))),
    ],
    rows,
  );
}

test("img2dataset's records: what was written is read, plain, gzip and zlib, and columns by name", async () => {
  const batch = pairs(20_000);
  const plain = await written(tfrecordWriter(batch.schema), [batch]);
  for (const bytes of [plain, gzipSync(plain), deflateSync(plain)]) {
    const source = memorySource(new Uint8Array(bytes), 'a.tfrecord');
    const { columns, groups } = await tfrecord.plan(source);
    assert.deepEqual(
      columns.map((c) => `${c.name}: ${c.type}`),
      ['jpg: Binary', 'key: Utf8', 'tags: List<Utf8>', 'txt: Utf8', 'width: Int64'],
    );
    assert.deepEqual(
      groups.map((g) => g.rows),
      [20_000],
    );
    let row = 0;
    for (const got of await readAll(tfrecord, source, ['width', 'txt', 'jpg', 'tags'])) {
      assert.ok(got.numRows <= 8192);
      for (let i = 0; i < got.numRows; i++, row++) {
        for (const [c, name] of ['width', 'txt', 'jpg', 'tags'].entries()) {
          const [a, b] = [got.getChildAt(c)!.get(i), batch.getChild(name)!.get(row)];
          if (name !== 'tags') assert.deepEqual(a, b);
          else assert.deepEqual([...a], [...b]);
        }
      }
    }
    assert.equal(row, 20_000);
  }
});

test('a feature that a record lacks is null, one with several values in any record a list, mixed text and bytes the commoner', async () => {
  const a = batchOf(
    new Schema([new Field('x', new Utf8(), true)]),
    [vectorFromArray(['1', '2'], new Utf8()).data[0]!],
    2,
  );
  const b = batchOf(
    new Schema([new Field('y', new Binary(), true)]),
    [vectorFromArray([Uint8Array.of(0xff), Uint8Array.of(0x61)], new Binary()).data[0]!],
    2,
  );
  const bytes = Buffer.concat([
    await written(tfrecordWriter(a.schema), [a]),
    await written(tfrecordWriter(b.schema), [b]),
  ]);
  const [batch] = await readAll(tfrecord, memorySource(new Uint8Array(bytes)));
  assert.deepEqual([...batch!.getChild('x')!], ['1', '2', null, null]);
  assert.deepEqual([...batch!.getChild('y')!], [null, null, '\ufffd', 'a']);
});

test('hostile records are refused, and named', async () => {
  const refused = (bytes: Uint8Array, message: RegExp) =>
    assert.rejects(
      tfrecord.plan(memorySource(bytes, 'a.tfrecord')),
      (error) => error instanceof InputError && message.test(error.message),
    );
  const claim = Buffer.from(frame(new Uint8Array(0)));
  claim.writeBigUInt64LE(10n * 2n ** 30n, 0);
  claim.writeUInt32LE(maskedCrc32c(claim.subarray(0, 8)), 8);
  await refused(new Uint8Array(claim), /record 0: expected at most 0 bytes, got 10737418240: the file is cut off/);
  await refused(
    new Uint8Array(gzipSync(Buffer.concat([claim, Buffer.alloc(3 << 20)]))),
    /record 0: expected at most 268435456 bytes, got 10737418240/,
  );
  await refused(
    frame(Uint8Array.of(0x0a, 0x7f, 1)),
    /record 0: expected a tf.train.Example, got a field of 127 bytes where 1 are left/,
  );
  await refused(frame(new Uint8Array(20).fill(0xff)), /a varint that does not end/);
  await refused(gzipSync(frame(new Uint8Array(3))).subarray(0, 20), /gzip data/);
  const { values } = { values: pairs(2) };
  const sound = await written(tfrecordWriter(values.schema), [values]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
      // Changed before the checksums are made: what is tested is the walk.
      const records: Uint8Array[] = [];
      for await (const record of readTfrecords(memorySource(sound))) {
        const bytes = record.slice();
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        records.push(frame(bytes));
      }
      try {
        await readAll(tfrecord, memorySource(new Uint8Array(Buffer.concat(records))));
      } catch (error) {
        assert.ok(error instanceof InputError, String((error as Error).stack));
      }
    }),
    { numRuns: 300 },
  );
});
