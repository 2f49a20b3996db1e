import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Binary,
  Field,
  Int32,
  makeData,
  type RecordBatch,
  RecordBatchReader,
  Schema,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { arrow } from '../../formats/arrow.js';
import { streamBytes, streamInPlace } from '../../formats/arrow-messages.js';
import { arrowWriter } from '../../formats/arrow-writer.js';
import { batchOf } from '../../formats/data.js';
import type { BatchWriter, Format } from '../../formats/format.js';
import { parquet } from '../../formats/parquet.js';
import { parquetWriter } from '../../formats/parquet-writer.js';
import { makeRebuffer, rangeBytes } from '../../formats/rebuffer.js';
import { cut, memorySource, readAll, written } from './memory.js';
import { batches, rowsOf } from './random.js';

const formats: { format: Format; writer: (schema: Schema, rows: number) => BatchWriter }[] = [
  { format: parquet, writer: (schema, rows) => parquetWriter(schema, { compression: 'snappy', rowGroupRows: rows }) },
  { format: arrow, writer: (schema, rows) => arrowWriter(schema, { recordBatchRows: rows }) },
];

const text = (batch: RecordBatch) => rowsOf(batch);

for (const { format, writer } of formats) {
  test(`${format.name}: what is written is read again, and cuts into batches leave no trace`, async () => {
    await fc.assert(
      fc.asyncProperty(
        batches({ dictionaries: false }),
        fc.array(fc.nat(1000), { maxLength: 6 }),
        fc.integer({ min: 1, max: 25 }),
        async (batch, ends, rows) => {
          const file = await written(writer(batch.schema, rows), [batch]);
          const again = await written(writer(batch.schema, rows), cut(batch, ends));
          assert.deepEqual(again, file);
          const found = await readAll(format, memorySource(file));
          assert.deepEqual(found.flatMap(text), text(batch));
          assert.ok(found.every((b) => b.data.children.every((c) => c.offset === 0)));
        },
      ),
      { numRuns: 150 },
    );
  });

  test(`${format.name}: columns come in the order wanted and batches are as small as wanted`, async () => {
    const schema = new Schema(['a', 'b', 'c'].map((name) => new Field(name, new Int32(), true)));
    const column = (k: number) =>
      makeData({ type: new Int32(), data: Int32Array.from({ length: 100 }, (_, i) => i * k) });
    const batch = batchOf(schema, [column(1), column(2), column(3)], 100);
    const source = memorySource(await written(writer(schema, 30), [batch]));
    const found = await readAll(format, source, ['c', 'a'], 7);
    assert.deepEqual(
      found.flatMap(text),
      Array.from({ length: 100 }, (_, i) => [3 * i, i]),
    );
    assert.ok(found.every((b) => b.numRows <= 7));
    const none = await readAll(format, source, []);
    assert.equal(
      none.reduce((sum, b) => sum + b.numRows, 0),
      100,
    );
    await assert.rejects(readAll(format, source, ['a', 'z']), /column z: expected a column of this name, got a, b, c/);
  });

  test(`${format.name}: a file without rows has its columns`, async () => {
    const schema = new Schema([new Field('a', new Utf8(), true), new Field('b', new Int32(), false)]);
    const source = memorySource(await written(writer(schema, 10), []));
    const plan = await format.plan(source);
    assert.deepEqual(
      plan.columns.map((c) => [c.name, c.type]),
      [
        ['a', 'Utf8'],
        ['b', 'Int32'],
      ],
    );
    assert.equal(
      plan.groups.reduce((sum, g) => sum + g.rows, 0),
      0,
    );
    assert.deepEqual(await readAll(format, source), []);
  });
}

function captions(rows: number): RecordBatch {
  const columns = [
    vectorFromArray(
      Array.from({ length: rows }, (_, i) => `caption ${i}`),
      new Utf8(),
    ).data[0]!,
    vectorFromArray(
      Array.from({ length: rows }, (_, i) => ['en', 'de', null][i % 3]),
      new Utf8(),
    ).data[0]!,
    makeData({ type: new Int32(), data: Int32Array.from({ length: rows }, (_, i) => i) }),
  ];
  const schema = new Schema([
    new Field('text', new Utf8(), true),
    new Field('language', new Utf8(), true),
    new Field('n', new Int32(), false),
  ]);
  return batchOf(schema, columns, rows);
}

test('parquet: row groups are exact, another reader agrees, and only a repetitive column has a dictionary', async () => {
  const batch = captions(2500);
  const bytes = await written(
    parquetWriter(batch.schema, { compression: 'snappy', rowGroupRows: 1000 }),
    cut(batch, [1, 999, 1700]),
  );
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  assert.deepEqual(
    metadata.row_groups.map((g) => Number(g.num_rows)),
    [1000, 1000, 500],
  );
  assert.equal(Number(metadata.num_rows), 2500);
  const dictionaries = metadata.row_groups.map((g) =>
    g.columns.map((c) => c.meta_data!.dictionary_page_offset !== undefined),
  );
  assert.deepEqual(dictionaries, [
    [false, true, false],
    [false, true, false],
    [false, true, false],
  ]);
  const rows = await parquetReadObjects({ file });
  assert.deepEqual(
    rows.map((r) => [r.text, r.language, r.n]),
    text(batch),
  );
});

test('parquet: every compression is read again', async () => {
  const batch = captions(300);
  for (const compression of ['snappy', 'zstd', 'none'] as const) {
    const file = await written(parquetWriter(batch.schema, { compression }), [batch]);
    assert.deepEqual((await readAll(parquet, memorySource(file))).flatMap(text), text(batch));
  }
});

test('parquet: only the wanted columns are fetched', async () => {
  const batch = captions(20_000);
  const source = memorySource(await written(parquetWriter(batch.schema, { compression: 'none' }), [batch]));
  await parquet.plan(source);
  source.ranges.length = 0;
  await readAll(parquet, source, ['n']);
  const read = source.ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  assert.ok(read < 90_000, `${read} bytes for 80,000 bytes of values`);
});

test('arrow: the schema stands at the start, so that the file is a stream from byte 8 on', async () => {
  const batch = captions(50);
  const file = await written(arrowWriter(batch.schema, { recordBatchRows: 20 }), [batch]);
  const stream = RecordBatchReader.from(file.slice(8));
  assert.deepEqual(
    [...stream].flatMap((b) => text(b as RecordBatch)),
    text(batch),
  );
});

test('arrow: only the buffers of the wanted columns are fetched', async () => {
  const schema = new Schema([new Field('image', new Binary(), false), new Field('n', new Int32(), false)]);
  const image = makeData({
    type: new Binary(),
    data: new Uint8Array(1_000_000),
    valueOffsets: Int32Array.from({ length: 11 }, (_, i) => i * 100_000),
  });
  const batch = batchOf(schema, [image, makeData({ type: new Int32(), data: new Int32Array(10) })], 10);
  const source = memorySource(await written(arrowWriter(schema), [batch]));
  await arrow.plan(source);
  source.ranges.length = 0;
  await readAll(arrow, source, ['n']);
  assert.equal(
    source.ranges.reduce((sum, [start, end]) => sum + end - start, 0),
    40,
  );
});

test('groups end early at their bytes, at the same row whatever the batches', () => {
  const rows = 2000;
  const batch = captions(rows);
  const whole = batch.data.children.reduce((sum, c) => sum + rangeBytes(c, 0, rows), 0);
  const sizes = (parts: RecordBatch[]) => {
    const rebuffer = makeRebuffer(batch.schema, { rows: 10_000, bytes: whole / 4 });
    const out = parts.flatMap((part) => Array.from(rebuffer.push(part), (group) => group().numRows));
    return [...out, rebuffer.rest()?.numRows];
  };
  const once = sizes([batch]);
  assert.ok(once.length >= 3 && once.slice(0, -1).every((n) => n! % 256 === 0));
  assert.deepEqual(sizes(cut(batch, [1, 300, 777, 1999])), once);
});

test('a stream made around the buffers of a group has the bytes of one that is copied', () => {
  fc.assert(
    fc.property(batches({ dictionaries: false }), fc.integer({ min: 1, max: 25 }), (batch, rows) => {
      const rebuffer = makeRebuffer(batch.schema, { rows, bytes: 2 ** 30 }, 2 ** 14);
      const same = (group: RecordBatch) => {
        const copied = streamBytes(group);
        const stream = streamInPlace(group);
        if (stream !== undefined) assert.deepEqual(stream, copied);
      };
      for (const group of rebuffer.push(batch)) same(group());
      const rest = rebuffer.rest();
      if (rest !== undefined) same(rest);
    }),
  );
});

test('a group of captions needs no copy to become a stream, and one without room does', () => {
  const batch = captions(2000);
  const group = (room: number) =>
    makeRebuffer(batch.schema, { rows: 512, bytes: 2 ** 30 }, room)
      .push(batch)
      .next().value!();
  assert.ok(streamInPlace(group(2 ** 14)) !== undefined);
  assert.equal(streamInPlace(group(16)), undefined);
  assert.equal(streamInPlace(batch), undefined);
});

test('a batch that is pushed twice in a row gives its rows twice', () => {
  const batch = captions(10);
  const rebuffer = makeRebuffer(batch.schema, { rows: 7, bytes: 2 ** 30 });
  const rows: number[] = [];
  for (let i = 0; i < 2; i++) for (const group of rebuffer.push(batch)) rows.push(...group().getChild('n')!);
  rows.push(...rebuffer.rest()!.getChild('n')!);
  assert.deepEqual(rows, [...batch.getChild('n')!, ...batch.getChild('n')!]);
});

test('a batch of another schema, or a column of no such type, is refused', async () => {
  const batch = captions(3);
  const other = new Schema([new Field('text', new Utf8(), true)]);
  const writer = parquetWriter(other, { compression: 'none' });
  await assert.rejects(async () => writer.write(batch), /where .* was promised/);
});
