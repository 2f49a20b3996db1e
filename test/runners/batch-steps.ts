/** DoFns on Arrow record batches. Workers in other processes import this file, by its address. */
import '../../beam/node-util.js';
import 'apache-beam';
import { createHash } from 'node:crypto';
import { type RecordBatch, Table, tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import {
  DoFn,
  defineBytesCoder,
  type KV,
  type ProcessContext,
  registerDoFn,
  registerModule,
} from '../../beam/index.js';
import { bytesOf, note } from './steps.js';

registerModule(import.meta.url);

export const recordBatchCoder = defineBytesCoder<RecordBatch>(
  'm4-balance:test:runners:record_batch:v1',
  (batch) => tableToIPC(new Table([batch]), 'stream'),
  (bytes) => tableFromIPC(new Uint8Array(bytes)).batches[0],
);

class Batches extends DoFn<number, RecordBatch> {
  constructor(private readonly rows: number) {
    super();
  }
  *process(i: number, ctx: ProcessContext) {
    const { rows } = this;
    note(ctx, i);
    yield tableFromArrays({
      id: Int32Array.from({ length: rows }, (_, j) => i * rows + j),
      a: Float64Array.from({ length: rows }, (_, j) => (i * 13 + j) / 7),
      b: Float64Array.from({ length: rows }, (_, j) => j % (i + 2)),
      c: Float64Array.from({ length: rows }, (_, j) => j * i),
      batch: Int32Array.from({ length: rows }, () => i),
    }).batches[0];
  }
}
/** A record batch of 32 bytes a row for each number. */
export const batches = registerDoFn('test:runners:batches', (rows: number) => new Batches(rows));

function batchSummary(batch: RecordBatch): string {
  const hash = createHash('sha1');
  for (const { name } of batch.schema.fields) hash.update(bytesOf(batch.getChild(name)!.toArray()));
  return `${batch.getChild('batch')!.get(0)} ${batch.numRows} ${hash.digest('hex').slice(0, 16)}`;
}

class BatchSummary extends DoFn<RecordBatch, string> {
  *process(batch: RecordBatch) {
    yield batchSummary(batch);
  }
}
export const summarizeBatch = registerDoFn('test:runners:summarizeBatch', (_: null) => new BatchSummary());

class GroupedBatches extends DoFn<KV<string, Iterable<RecordBatch>>, string> {
  *process({ value }: KV<string, Iterable<RecordBatch>>) {
    for (const batch of value) yield batchSummary(batch);
  }
}
export const summarizeGroup = registerDoFn('test:runners:summarizeGroup', (_: null) => new GroupedBatches());
