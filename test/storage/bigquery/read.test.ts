/** Streams that break off, over an interface in memory that does what Google's does: a stream is taken up at any row. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Float64, type RecordBatch, RecordBatchStreamWriter, tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { copyStreams, schemaMessage } from '../../../storage/bigquery/read.js';
import type { ReadApi } from '../../../storage/bigquery/read-api.js';
import { localStorage } from '../../../storage/local.js';
import { batchOf } from '../../end-to-end/inputs.js';
import { filesBelow, scratch } from '../../end-to-end/scratch.js';

const ASKED = { place: 'p.d.t', expected: 'rows', role: 'r' };
const END_BYTES = 8;

const numbers = (from: number, rows: number) => Array.from({ length: rows }, (_, i) => from + i);
const batch = (values: readonly number[]) => batchOf([['n', { type: new Float64(), values }]]);

/** The IPC stream of batches, and the bytes of its schema. */
function ipc(...batches: RecordBatch[]): { stream: Uint8Array; schema: Uint8Array } {
  const writer = new RecordBatchStreamWriter();
  for (const one of batches) writer.write(one);
  writer.finish();
  const stream = writer.toUint8Array(true);
  return { stream, schema: schemaMessage(stream) };
}

const { schema } = ipc(batch([0]));
const message = (values: readonly number[]) => ipc(batch(values)).stream.subarray(schema.length, -END_BYTES);

/** Streams of these lengths; a call of one ends as the next of `breaks` says: after so many messages, or not at all. */
function interfaceOf(lengths: readonly number[], messageRows: number, breaks: (number | undefined)[]): ReadApi {
  return {
    createSession: () => Promise.reject(new Error('not asked for')),
    async *readRows(stream, offset) {
      const i = Number(stream);
      const first = lengths.slice(0, i).reduce((sum, n) => sum + n, 0);
      const end = breaks.shift() ?? Number.POSITIVE_INFINITY;
      let sent = 0;
      for (let row = offset; row < lengths[i]!; row += messageRows) {
        if (sent++ === end)
          throw Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'Connection dropped' });
        const rows = Math.min(messageRows, lengths[i]! - row);
        yield { bytes: message(numbers(first + row, rows)), rows };
      }
    },
    close() {},
  };
}

async function copy(folder: string, api: ReadApi, streams: number) {
  const session = {
    arrowSchema: { serializedSchema: schema },
    streams: numbers(0, streams).map((i) => ({ name: `${i}` })),
  };
  const pathOf = (i: number) => join(folder, `${i}.arrows`);
  const rows = await copyStreams(api, localStorage, { asked: ASKED, session, pathOf, atOnce: 3, onRows: () => {} });
  const files = await Promise.all(rows.map((_, i) => readFile(pathOf(i))));
  return { rows, values: files.flatMap((bytes) => [...(tableFromIPC(bytes).getChild('n') ?? [])]) };
}

test('every row is copied once and in order, wherever streams break off', async (t) => {
  const folder = scratch(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }), { maxLength: 6 }),
      async (lengths, messageRows, breaks) => {
        const { rows, values } = await copy(
          join(folder, `${run++}`),
          interfaceOf(lengths, messageRows, breaks),
          lengths.length,
        );
        assert.deepEqual(rows, lengths);
        assert.deepEqual(
          values,
          numbers(
            0,
            lengths.reduce((sum, n) => sum + n, 0),
          ),
        );
      },
    ),
    { numRuns: 15 },
  );
});

test('a stream that only ever breaks off is given up, with a sentence and no file', async (t) => {
  const folder = scratch(t);
  const broken = interfaceOf([10, 10], 5, new Array(20).fill(0));
  await assert.rejects(copy(folder, broken, 2), {
    name: 'ServiceError',
    message:
      'BigQuery: p.d.t: expected rows, got Connection dropped. BigQuery or the network is at fault: try again later.',
  });
  assert.deepEqual(filesBelow(folder), []);
});

test('a schema is taken without what follows it, and nothing else is taken for one', () => {
  const { stream } = ipc(batch([1, 2]));
  assert.deepEqual(schemaMessage(stream), schema);
  for (const bad of [new Uint8Array(0), Uint8Array.of(1, 2, 3), stream.subarray(0, 20), stream.subarray(4)]) {
    assert.throws(() => schemaMessage(bad), { name: 'InputError', message: /expected an Arrow schema/ });
  }
});
