/** Files from outside that lie, are cut off or damaged: each is refused with an InputError, quickly, and never read as something else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, Int32, makeData, type RecordBatch, Schema, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetMetadata } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { arrow } from '../../formats/arrow.js';
import { arrowWriter } from '../../formats/arrow-writer.js';
import { batchOf } from '../../formats/data.js';
import { formatFor, formatNamed } from '../../formats/index.js';
import { parquet } from '../../formats/parquet.js';
import { readThriftStruct } from '../../formats/parquet-thrift.js';
import { parquetWriter } from '../../formats/parquet-writer.js';
import { InputError } from '../../schemas/errors.js';
import { memorySource, readAll, written } from './memory.js';
import { rowsOf } from './random.js';

const ROWS = 200;

function sample(): RecordBatch {
  const schema = new Schema([new Field('text', new Utf8(), true), new Field('n', new Int32(), true)]);
  const text = vectorFromArray(
    Array.from({ length: ROWS }, (_, i) => (i % 7 === 0 ? null : `caption ${i} é`)),
    new Utf8(),
  ).data[0]!;
  return batchOf(
    schema,
    [text, makeData({ type: new Int32(), data: Int32Array.from({ length: ROWS }, (_, i) => i) })],
    ROWS,
  );
}

const parquetFile = (compression: 'snappy' | 'zstd' | 'none') =>
  written(parquetWriter(sample().schema, { compression, rowGroupRows: 90 }), [sample()]);
const arrowFile = () => written(arrowWriter(sample().schema, { recordBatchRows: 64 }), [sample()]);

const refusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InputError, `${(error as Error)?.stack ?? error}`);
  assert.match(error.message, pattern);
  assert.match(error.message, /memory/);
  return true;
};

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

test('what is not Parquet at all is said to be so', async () => {
  const whole = await parquetFile('snappy');
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /got an empty file/],
    [bytesOf('PAR1'), /got 4 bytes/],
    [bytesOf('<html>not a parquet file</html>'), /something that is not Parquet/],
    [whole.slice(0, whole.length - 1), /a Parquet file that is cut off/],
    [bytesOf('PAR1 ........ PARE'), /an encrypted footer/],
    [bytesOf('PAR1........\xff\xff\xff\x7fPAR1'), /expected a footer within 20 bytes, got one of 2147483647 bytes/],
    [bytesOf('PAR1........\x04\x00\x00\x00PAR1'), /footer: expected a footer that can be read/],
  ];
  for (const [bytes, pattern] of cases) await assert.rejects(readAll(parquet, memorySource(bytes)), refusal(pattern));
});

test('what is not Arrow at all is said to be so', async () => {
  const whole = await arrowFile();
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /got an empty file/],
    [bytesOf('ARROW1\0\0'), /expected metadata of at most/],
    [bytesOf('<html>not an arrow file</html>'), /expected metadata of at most|expected an Arrow file or stream/],
    [whole.slice(0, whole.length - 1), /expected ARROW1 as its last 6 bytes/],
    [bytesOf('ARROW1\0\0........\xff\xff\xff\x7fARROW1'), /footer: expected a footer of 1 to/],
    [whole.slice(8, whole.length / 2), /cut off|expected metadata/],
  ];
  for (const [bytes, pattern] of cases) await assert.rejects(readAll(arrow, memorySource(bytes)), refusal(pattern));
});

/** The file with its footer changed. */
async function withFooter(change: (metadata: any) => void): Promise<Uint8Array> {
  const bytes = await parquetFile('snappy');
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  const metadata: any = parquetMetadata(bytes);
  change(metadata);
  const writer = new ByteWriter();
  writeMetadata(writer, metadata);
  writer.appendBytes(bytesOf('PAR1'));
  return new Uint8Array(Buffer.concat([bytes.subarray(0, bytes.length - length - 8), writer.getBytes()]));
}

test('a Parquet footer that lies is refused with the place of the lie', async () => {
  const chunk = (m: any, column = 0) => m.row_groups[1].columns[column].meta_data;
  const cases: [(metadata: any) => void, RegExp][] = [
    [(m) => (m.row_groups[1].num_rows = -1n), /row group 1: expected 0 to 2147483647 rows, got -1/],
    [(m) => (m.row_groups[1].num_rows = 1n << 60n), /row group 1: expected 0 to 2147483647 rows/],
    [(m) => (m.row_groups[1].num_rows = 91n), /row group 1/],
    [(m) => m.row_groups[1].columns.pop(), /row group 1: expected 2 column chunks, got 1/],
    [(m) => (chunk(m).data_page_offset = 1n << 40n), /row group 1, column text: expected column data within bytes/],
    [(m) => (chunk(m).data_page_offset = -5n), /row group 1, column text: expected column data within bytes/],
    [
      (m) => (chunk(m).total_compressed_size = 1n << 50n),
      /row group 1, column text: expected column data within bytes/,
    ],
    [(m) => (chunk(m).total_uncompressed_size = 1n << 40n), /row group too large.*row group 1/],
    [(m) => (chunk(m, 1).num_values = 1n << 40n), /row group too large.*row group 1/],
    [(m) => (chunk(m, 1).num_values = 5000n), /row group 1, column n: expected 5000 values, got 90 in 1 pages/],
    [(m) => (chunk(m, 1).num_values = 50n), /row group 1, column n: expected at most 50 values, got 90/],
    [(m) => (chunk(m).data_page_offset += 3n), /row group 1, column text/],
    [(m) => m.schema.push({ ...m.schema[2], name: 'x' }), /footer: expected 3 schema elements, got 4/],
    [(m) => (chunk(m).codec = 'GZIP'), /row group 1, column text: expected column data that can be decoded/],
    [(m) => (m.row_groups[1].columns[0].file_path = '/etc/passwd'), /expected a column in this file/],
  ];
  for (const [change, pattern] of cases) {
    await assert.rejects(
      withFooter(change).then((bytes) => readAll(parquet, memorySource(bytes))),
      refusal(pattern),
      String(change),
    );
  }
});

test('thrift that would take for ever or all memory is refused', () => {
  const deep = new Uint8Array(100).fill(0x1c);
  const cases: [Uint8Array, RegExp][] = [
    [deep, /nested too deep/],
    [Uint8Array.of(0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07), /a list of 2147483647 where 0 bytes are left/],
    [Uint8Array.of(0x18, 0xff, 0xff, 0x7f), /a length of 2097151/],
    [new Uint8Array(20).fill(0xff).fill(0x16, 0, 1), /more than 10 bytes/],
    [Uint8Array.of(0x15), /ends in the middle/],
    [Uint8Array.of(0x1b, 0), /unknown type 11/],
  ];
  for (const [bytes, pattern] of cases) assert.throws(() => readThriftStruct(bytes, 0), pattern);
});

/** Either the true rows, or an InputError; and never a row that is not valid Arrow data. */
async function damaged(format: typeof parquet, bytes: Uint8Array, at: number): Promise<'read' | 'refused'> {
  try {
    const batches = await readAll(format, memorySource(bytes));
    batches.flatMap(rowsOf);
    return 'read';
  } catch (error) {
    assert.ok(error instanceof InputError, `byte ${at}: ${(error as Error)?.stack ?? error}`);
    return 'refused';
  }
}

for (const [name, format, make, step] of [
  ['an uncompressed Parquet file', parquet, () => parquetFile('none'), 11],
  ['a snappy Parquet file', parquet, () => parquetFile('snappy'), 7],
  ['a zstd Parquet file', parquet, () => parquetFile('zstd'), 5],
  ['an Arrow file', arrow, arrowFile, 5],
  ['an Arrow stream', arrow, async () => (await arrowFile()).slice(8), 5],
] as const) {
  test(`${name} with any damaged byte is read or refused, and nothing else happens`, async () => {
    const whole = await make();
    let refused = 0;
    for (let at = 0; at < whole.length; at += step) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bad = whole.slice();
        bad[at]! ^= flip;
        if ((await damaged(format, bad, at)) === 'refused') refused++;
      }
    }
    assert.ok(refused > 0);
  });

  test(`${name} that is cut off anywhere is refused, or ends between two batches`, async () => {
    const whole = await make();
    for (let length = 0; length < whole.length; length += 3 * step) {
      const outcome = await damaged(format, whole.slice(0, length), length);
      if (name !== 'an Arrow stream') assert.equal(outcome, 'refused', `${length} bytes`);
    }
  });
}

test('formats are found by ending, then by their first bytes, and nothing else is taken', () => {
  assert.equal(formatFor('a/b.PARQUET'), parquet);
  assert.equal(formatFor('x.feather'), arrow);
  assert.equal(formatFor('part-0001', bytesOf('PAR1....')), parquet);
  assert.equal(formatFor('x', bytesOf('ARROW1\0\0')), arrow);
  assert.equal(formatFor('x', bytesOf('\xff\xff\xff\xff')), arrow);
  assert.throws(
    () => formatFor('x.csv', bytesOf('a,b\n')),
    /x\.csv: expected a Parquet, Arrow, WebDataset or TFRecord file/,
  );
  assert.equal(formatNamed('arrow'), arrow);
  assert.throws(() => formatNamed('orc'), /expected parquet or arrow or webdataset or tfrecord, got orc/);
});
