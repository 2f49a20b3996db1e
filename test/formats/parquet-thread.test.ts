import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { Int32, tableFromIPC, Utf8 } from 'apache-arrow';
import { streamBytes } from '../../formats/arrow-messages.js';
import { dataOf, shapeOf } from '../../formats/copied.js';
import { batchOf as batchWith } from '../../formats/data.js';
import { parquet } from '../../formats/parquet.js';
import { decodeParquet, encodeParquet } from '../../formats/parquet-codec.js';
import { PRACTICE, PRACTICE_SHAPES } from '../../formats/parquet-practice.js';
import { allowParquetThread, parquetThread } from '../../formats/parquet-thread.js';
import { parquetWriter } from '../../formats/parquet-writer.js';
import { batchOf } from '../end-to-end/inputs.js';
import { memorySource } from './memory.js';
import { rowsOf } from './random.js';

const ROWS = 1000;
const batch = batchOf([
  ['n', { type: new Int32(), values: Array.from({ length: ROWS }, (_, i) => (i % 7 === 0 ? null : i)) }],
  ['text', { type: new Utf8(), values: Array.from({ length: ROWS }, (_, i) => `caption ${i % 10}`) }],
]);
const shapes = batch.schema.fields.map(({ type }) => shapeOf(type));
/** Each call gives bytes of their own, for they are handed over. */
const encoding = () => ({
  stream: streamBytes(batch),
  compression: 'snappy' as const,
  dictionaries: ['text'],
  rows: ROWS,
});

// Tests run on one core too.
allowParquetThread(true);
const thread = parquetThread()!;
after(() => allowParquetThread(true));

test('the thread encodes and decodes what this one does', async () => {
  const file = encodeParquet(encoding());
  assert.deepEqual(await thread.encode(encoding()), file);
  const task = () => ({ file: file.slice(), batchRows: 300, shapes });
  const batches = await thread.decode(task());
  assert.deepEqual(batches, [...decodeParquet(task())]);
  assert.deepEqual(
    batches.map(({ rows }) => rows),
    [300, 300, 300, 100],
  );
});

test('what the thread practises on is a table that it can encode and decode', () => {
  const table = tableFromIPC(PRACTICE.stream);
  const shapes = table.schema.fields.map(({ type }) => shapeOf(type));
  assert.deepEqual(PRACTICE_SHAPES, shapes);
  const file = encodeParquet(PRACTICE);
  const [decoded, ...more] = decodeParquet({ file, batchRows: PRACTICE.rows, shapes });
  assert.deepEqual(more, []);
  const data = table.schema.fields.map(({ type }, i) => dataOf(type, decoded!.columns[i]!));
  assert.deepEqual(rowsOf(batchWith(table.schema, data, decoded!.rows)), table.batches.flatMap(rowsOf));
});

test('what cannot be read or written is told, and the thread goes on', async () => {
  const garbage = new Uint8Array(100).fill(7);
  await assert.rejects(thread.decode({ file: garbage.slice(), batchRows: 10, shapes }), /Parquet error/);
  await assert.rejects(thread.encode({ ...encoding(), stream: garbage.slice() }), Error);
  assert.equal((await thread.encode(encoding())).length > 0, true);
});

test('tasks are answered in any number and in their order', async () => {
  const files = await Promise.all(Array.from({ length: 20 }, () => thread.encode(encoding())));
  for (const file of files) assert.deepEqual(file, files[0]);
});

test('the memory of a finished task is used again', async () => {
  const bytes = streamBytes(batch);
  // More than any test before has left.
  const wanted = 2 * bytes.length;
  const before = thread.take(wanted).subarray(0, bytes.length);
  before.set(bytes);
  const room = before.buffer.byteLength;
  const encoded = thread.encode({ ...encoding(), stream: before });
  assert.equal(before.buffer.byteLength, 0, 'the buffer was handed over');
  await encoded;
  assert.ok(room > wanted, 'the next one may be a little larger');
  const again = thread.take(room);
  assert.equal(again.length, room);
  assert.equal(again.buffer.byteLength, room);
});

test('files have the same bytes with and without the thread', async () => {
  const written = async () => {
    const writer = parquetWriter(batch.schema, { compression: 'zstd', rowGroupRows: 256 });
    const parts = [...(await writer.write(batch)), ...(await writer.write(batch)), ...(await writer.close())];
    return Buffer.concat(parts);
  };
  const aside = await written();
  allowParquetThread(false);
  assert.equal(parquetThread(), undefined);
  const here = await written();
  allowParquetThread(true);
  assert.deepEqual(here, aside);
  let rows = 0;
  for await (const { numRows } of parquet.read(memorySource(aside), 1)) rows += numRows;
  assert.equal(rows, 256);
});

for (const aside of [true, false]) {
  test(`batches that pass are those that own their memory, which is used again, ${aside ? 'on the thread' : 'on this one'}`, async (t) => {
    allowParquetThread(aside);
    t.after(() => allowParquetThread(true));
    const writer = parquetWriter(batch.schema, { compression: 'snappy', rowGroupRows: 300 });
    const file = memorySource(Buffer.concat([...(await writer.write(batch)), ...(await writer.close())]));
    const read = async (passing: boolean) => {
      const rows: unknown[] = [];
      const memory = new Set<ArrayBufferLike>();
      for (let again = 0; again < 3; again++) {
        for (const group of (await parquet.plan(file)).groups.keys()) {
          for await (const batch of parquet.read(file, group, undefined, 60, undefined, { passing })) {
            rows.push(...rowsOf(batch));
            for (const { values } of batch.data.children) memory.add(values.buffer);
          }
        }
      }
      return { rows, memory };
    };
    const owned = await read(false);
    const passing = await read(true);
    assert.equal(owned.rows.length, 3 * ROWS);
    assert.deepEqual(passing.rows, owned.rows);
    if (!aside) assert.ok(passing.memory.size * 4 < owned.memory.size, `${passing.memory.size} ${owned.memory.size}`);
  });
}

for (const aside of [true, false]) {
  test(`who reads is ${aside ? '' : 'not '}told that another thread decodes, before the first rows, ${aside ? 'with' : 'without'} one`, async (t) => {
    allowParquetThread(aside);
    t.after(() => allowParquetThread(true));
    const writer = parquetWriter(batch.schema, { compression: 'snappy' });
    const file = memorySource(Buffer.concat([...(await writer.write(batch)), ...(await writer.close())]));
    const told: string[] = [];
    const underWay = () => told.push('under way');
    for await (const { numRows } of parquet.read(file, 0, undefined, 600, undefined, { underWay }))
      told.push(`${numRows} rows`);
    assert.deepEqual(told, [...(aside ? ['under way'] : []), '600 rows', '400 rows']);
  });
}

test('an idle thread does not keep the process', () => {
  const module = new URL('../../formats/parquet-thread.js', import.meta.url).href;
  const script = `import { allowParquetThread, parquetThread } from '${module}'; allowParquetThread(true); parquetThread();`;
  const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
  assert.deepEqual({ status, signal }, { status: 0, signal: null });
});
