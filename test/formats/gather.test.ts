import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, Float32, Int32, makeData, type RecordBatch, Schema } from 'apache-arrow';
import fc from 'fast-check';
import { makeArena } from '../../formats/arena.js';
import { arrowWriter } from '../../formats/arrow-writer.js';
import { bitmapBytes, copyBits, countBits, setBits } from '../../formats/bits.js';
import { concat, concatRanges } from '../../formats/concat.js';
import { batchOf } from '../../formats/data.js';
import type { BatchWriter } from '../../formats/format.js';
import { gather } from '../../formats/gather.js';
import { parquetWriter } from '../../formats/parquet-writer.js';
import { tfrecordWriter } from '../../formats/tfrecord-writer.js';
import { batches, rowsOf } from './random.js';

test('gathering gives the rows that picking them one by one gives', () => {
  fc.assert(
    fc.property(batches(), fc.array(fc.nat(1000), { maxLength: 60 }), fc.boolean(), (batch, picks, ascending) => {
      const picked = batch.numRows === 0 ? [] : picks.map((p) => p % batch.numRows);
      if (ascending) picked.sort((a, b) => a - b);
      const rows = rowsOf(batch);
      const out = gather(batch, Uint32Array.from(picked));
      assert.equal(out.numRows, picked.length);
      assert.deepEqual(
        rowsOf(out),
        picked.map((i) => rows[i]),
      );
      assert.ok(out.data.children.every((c) => c.offset === 0));
    }),
    { numRuns: 400 },
  );
});

const SMALL_GROUPS = 7;
const WRITERS: Readonly<Record<string, (schema: Schema) => BatchWriter>> = {
  parquet: (schema) => parquetWriter(schema, { compression: 'snappy', rowGroupRows: SMALL_GROUPS }),
  arrow: (schema) => arrowWriter(schema, { recordBatchRows: SMALL_GROUPS }),
  tfrecord: tfrecordWriter,
};

test('writers of shards make the same bytes of rows in memory that is used again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(WRITERS)),
      batches({ dictionaries: false }),
      fc.array(fc.array(fc.nat(1000), { maxLength: 40 }), { minLength: 1 }),
      async (format, batch, all) => {
        const picks = all.map((rows) =>
          Uint32Array.from(batch.numRows === 0 ? [] : rows.map((row) => row % batch.numRows)),
        );
        const arena = makeArena();
        const makers: ((picked: Uint32Array) => RecordBatch)[] = [
          (picked) => gather(batch, picked),
          (picked) => {
            arena.reset();
            return gather(batch, picked, arena.take);
          },
        ];
        const files = await Promise.all(
          makers.map(async (make) => {
            const writer = WRITERS[format]!(batch.schema);
            const chunks: Uint8Array[] = [];
            for (const picked of picks)
              for (const chunk of await writer.write(make(picked))) chunks.push(chunk.slice());
            for (const chunk of await writer.close()) chunks.push(chunk.slice());
            return Buffer.concat(chunks);
          }),
        );
        assert.ok(files[0]!.equals(files[1]!));
      },
    ),
    { numRuns: 200 },
  );
});

test('long runs of rows are gathered as single rows are', () => {
  const rows = 1000;
  const schema = new Schema([new Field('x', new Int32())]);
  const batch = batchOf(
    schema,
    [makeData({ type: new Int32(), data: Int32Array.from({ length: rows }, (_, i) => i * 3) })],
    rows,
  );
  const indices = Uint32Array.from([...Array(500).keys()].map((i) => i + 7).concat([3], [...Array(900).keys()]));
  assert.deepEqual(
    [...gather(batch, indices).getChildAt(0)!],
    [...indices].map((i) => i * 3),
  );
});

test('a NaN keeps its payload', () => {
  const bits = Uint32Array.of(0x7fc12345, 0xffc00001, 0x7f800001);
  const schema = new Schema([new Field('x', new Float32())]);
  const batch = batchOf(schema, [makeData({ type: new Float32(), data: new Float32Array(bits.buffer) })], 3);
  const out = gather(batch, Uint32Array.of(2, 0, 1)).data.children[0]!.values as Float32Array;
  assert.deepEqual([...new Uint32Array(out.buffer, out.byteOffset, 3)], [bits[2], bits[0], bits[1]]);
});

test('a row beyond the batch is refused', () => {
  const batch = batchOf(new Schema([]), [], 3);
  assert.equal(gather(batch, Uint32Array.of(2, 0)).numRows, 2);
  assert.throws(() => gather(batch, Uint32Array.of(1, 3)), /row 3 of 3/);
});

test('joining batches gives their rows end to end, whatever slices they are of', () => {
  fc.assert(
    fc.property(
      batches(),
      fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: 1, maxLength: 5 }),
      (batch, cuts) => {
        const parts = cuts.map(([a, b]) => {
          const start = a % (batch.numRows + 1);
          return { batch, start, end: start + (b % (batch.numRows - start + 1)) };
        });
        const rows = rowsOf(batch);
        const expected = parts.flatMap(({ start, end }) => rows.slice(start, end));
        const out = concatRanges(parts);
        assert.deepEqual(rowsOf(out), expected);
        assert.deepEqual(rowsOf(concat(parts.map(({ start, end }) => batch.slice(start, end)))), expected);
        for (const [i, column] of out.data.children.entries()) {
          const nulls = expected.filter((row) => row[i] === null).length;
          assert.equal(column.nullCount, nulls);
          assert.equal(column.offset, 0);
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('bits are copied, set and counted at any position', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.nat(31),
      fc.nat(20),
      fc.nat(32),
      (source, from, to, count) => {
        const bit = (bytes: Uint8Array, i: number) => (bytes[i >> 3]! >> (i & 7)) & 1;
        const copied = new Uint8Array(bitmapBytes(to + count));
        copyBits(source, from, copied, to, count);
        const set = new Uint8Array(bitmapBytes(to + count));
        setBits(set, to, count);
        for (let i = 0; i < set.length * 8; i++) {
          const inside = i >= to && i < to + count;
          assert.equal(bit(copied, i), inside ? bit(source, from + i - to) : 0);
          assert.equal(bit(set, i), inside ? 1 : 0);
        }
        assert.equal(countBits(set, to + count), count);
        assert.equal(
          countBits(source, from),
          Array.from({ length: from }, (_, i) => bit(source, i)).filter(Boolean).length,
        );
      },
    ),
  );
});
