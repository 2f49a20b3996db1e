import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Float64, Int32, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { shapeOf } from '../../formats/copied.js';
import { decodeParquet } from '../../formats/parquet-codec.js';
import { type ChunkBytes, fetchChunks, smallFile } from '../../formats/parquet-file.js';
import { readFooter } from '../../formats/parquet-footer.js';
import { checkPages } from '../../formats/parquet-pages.js';
import { parquetWriter } from '../../formats/parquet-writer.js';
import { batchOf } from '../end-to-end/inputs.js';
import { memorySource } from './memory.js';

const ROWS = 40_000;
const rows = Array.from({ length: ROWS }, (_, i) => i);
/** Columns larger than what lies between two ranges that are read as one. */
const batch = batchOf([
  ['n', { type: new Int32(), values: rows.map((i) => Math.imul(i, 0x9e3779b1) >> 3) }],
  ['text', { type: new Utf8(), values: rows.map((i) => `caption ${(i * 7919) % ROWS}`) }],
  ['few', { type: new Utf8(), values: rows.map((i) => `value ${i % 5}`) }],
  ['x', { type: new Float64(), values: rows.map((i) => Math.sin(i)) }],
]);

test('a small file made where its chunks were read decodes as one that was copied', async () => {
  const writer = parquetWriter(batch.schema, { compression: 'snappy' });
  const source = memorySource(Buffer.concat([...(await writer.write(batch)), ...(await writer.close())]));
  const footer = await readFooter(source);
  const group = footer.groups[0]!;
  const names = batch.schema.fields.map(({ name }) => name);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 1 }), fc.boolean(), async (wanted, room) => {
      const columns = wanted.map((name) => footer.columns.find((c) => c.name === name)!);
      const leaves = columns.map((c) => group.chunks[c.firstLeaf]!);
      const fetched = await fetchChunks(source, leaves);
      const chunks = leaves.map((chunk, i): ChunkBytes => {
        const bytes = fetched.chunks[i]!;
        return { chunk, bytes, ...checkPages(bytes, chunk, 'file', 'group') };
      });
      const memory = room ? fetched.memory : fetched.memory.subarray(0, fetched.end);
      const decoded = (file: Uint8Array) => {
        const shapes = wanted.map((name) => shapeOf(batch.schema.fields[names.indexOf(name)]!.type));
        return [...decodeParquet({ file, batchRows: 8192, shapes })];
      };
      const copied = smallFile(footer, columns, group.rows, chunks);
      const placed = smallFile(footer, columns, group.rows, chunks, undefined, { ...fetched, memory });
      assert.equal(placed.buffer === fetched.memory.buffer, room);
      assert.deepEqual(decoded(placed), decoded(copied));
    }),
    { numRuns: 15 },
  );
});
