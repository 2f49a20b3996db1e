/** Row groups that are read from their pages hold what parquet-wasm, the slow twin, reads of them; whatever is damaged is refused by both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bool, DataType, Field, List, type RecordBatch, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Compression, Table, WriterPropertiesBuilder, WriterVersion, writeParquet } from 'parquet-wasm';
import { takeFresh } from '../../formats/arena.js';
import { streamBytes } from '../../formats/arrow-messages.js';
import { parquet } from '../../formats/parquet.js';
import { packedStrings } from '../../formats/parquet-packed-strings.js';
import { ENCODING } from '../../formats/parquet-page-parts.js';
import type { Page } from '../../formats/parquet-pages.js';
import { InputError } from '../../schemas/errors.js';
import { batchOf } from '../end-to-end/inputs.js';
import { memorySource } from './memory.js';
import { rowsOf } from './random.js';

const NAMES = ['flag', 'word', 'tags'];
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW'] as const;
/** Not in every version of Node. */
const DIRECT: readonly string[] = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI'];

interface Row {
  readonly flag: boolean | null;
  readonly word: string | null;
  readonly tags: (string | null)[] | null;
}

const WORDS = ['', 'red', 'grün', 'a longer one, of some bytes', '🦉'];
const word = fc.constantFrom(...WORDS);

/** `nulls`: whether anything may be null. */
const rowOf = (nulls: boolean): fc.Arbitrary<Row> => {
  const some = <T>(value: fc.Arbitrary<T>) => (nulls ? fc.option(value, { freq: 4 }) : value);
  return fc.record({
    flag: some(fc.boolean()),
    word: some(word),
    tags: some(fc.array(some(word), { maxLength: 4 })),
  }) as fc.Arbitrary<Row>;
};

/** Rows in runs of equal ones, as levels are where nothing much happens. */
const rowsArbitrary = fc
  .boolean()
  .chain((nulls) =>
    fc
      .array(fc.tuple(rowOf(nulls), fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 30 })
      .map((runs) => runs.flatMap(([row, times]) => Array.from({ length: times }, () => row))),
  );

function arrowOf(rows: readonly Row[]): RecordBatch {
  return batchOf([
    ['flag', { type: new Bool(), values: rows.map((r) => r.flag) }],
    ['word', { type: new Utf8(), values: rows.map((r) => r.word) }],
    ['tags', { type: new List(new Field('item', new Utf8(), true)), values: rows.map((r) => r.tags) }],
  ]);
}

interface Written {
  readonly codec: (typeof CODECS)[number];
  readonly version: WriterVersion;
  readonly pageBytes: number;
}

function byWasm(rows: readonly Row[], { codec, version, pageBytes }: Written): Uint8Array {
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression[codec])
    .setWriterVersion(version)
    .setDataPageSizeLimit(pageBytes)
    .setWriteBatchSize(16)
    .build();
  return writeParquet(Table.fromIPCStream(streamBytes(arrowOf(rows))), properties);
}

/** Pages of version 2, of which each column has a nesting of its own. */
function byHyparquet(
  rows: readonly Row[],
  required: boolean,
  codec: 'UNCOMPRESSED' | 'SNAPPY',
  pageSize: number,
): Uint8Array {
  const repetition_type = required ? 'REQUIRED' : 'OPTIONAL';
  const utf8 = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type } as const;
  return new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 3 },
        { name: 'flag', type: 'BOOLEAN', repetition_type },
        { name: 'word', ...utf8 },
        { name: 'tags', num_children: 1, converted_type: 'LIST', repetition_type },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        { name: 'element', ...utf8 },
      ],
      columnData: NAMES.map((name) => ({ name, data: rows.map((row) => row[name as keyof Row]) })),
      codec,
      pageSize,
      rowGroupSize: 1000,
    }),
  );
}

async function read(file: Uint8Array, packed: boolean, columns = NAMES, batchRows?: number): Promise<RecordBatch[]> {
  const source = memorySource(file);
  const { groups } = await parquet.plan(source);
  const batches: RecordBatch[] = [];
  for (const group of groups.keys()) {
    const read = parquet.read(source, group, columns, batchRows, undefined, packed ? { dictionaries: NAMES } : {});
    for await (const batch of read) batches.push(batch);
  }
  return batches;
}

const hasDictionary = ({ schema }: RecordBatch) =>
  schema.fields.some(({ type }) => DataType.isDictionary(type) || DataType.isDictionary(type.children?.[0]?.type));

test('files of every codec and version of page, written by parquet-wasm, are read equal', async () => {
  let direct = 0;
  await fc.assert(
    fc.asyncProperty(
      rowsArbitrary,
      fc.record({
        codec: fc.constantFrom(...CODECS),
        version: fc.constantFrom(WriterVersion.V1, WriterVersion.V2),
        pageBytes: fc.constantFrom(40, 1000, 1e6),
      }),
      fc.option(fc.integer({ min: 1, max: 50 })),
      fc.subarray(NAMES, { minLength: 1 }),
      async (rows, how, batchRows, columns) => {
        const file = byWasm(rows, how);
        const slow = await read(file, false, columns);
        const fast = await read(file, true, columns, batchRows ?? undefined);
        assert.deepEqual(fast.flatMap(rowsOf), slow.flatMap(rowsOf));
        assert.ok(!slow.some(hasDictionary));
        const expected = DIRECT.includes(how.codec) && columns.some((name) => name !== 'flag');
        if (expected && fast.every(hasDictionary)) direct++;
        if (batchRows !== null) assert.ok(fast.every(({ numRows }) => numRows <= batchRows));
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(direct > 40, `${direct} of 150 were read from their pages`);
});

test('columns that may be null and that may not, written by hyparquet, are read equal', async () => {
  let direct = 0;
  await fc.assert(
    fc.asyncProperty(
      fc
        .boolean()
        .chain((required) =>
          fc.tuple(fc.constant(required), fc.array(rowOf(!required), { minLength: 20, maxLength: 90 })),
        ),
      fc.constantFrom('UNCOMPRESSED' as const, 'SNAPPY' as const),
      fc.constantFrom(30, 1e6),
      async ([required, rows], codec, pageSize) => {
        const file = byHyparquet(rows, required, codec, pageSize);
        const fast = await read(file, true);
        assert.deepEqual(fast.flatMap(rowsOf), (await read(file, false)).flatMap(rowsOf));
        if (fast.every(hasDictionary)) direct++;
      },
    ),
    { numRuns: 100 },
  );
  assert.ok(direct > 20, `${direct} of 100 were read from their pages`);
});

test('a page of version 2 whose first value is no new row, or whose rows are not as many as it says, is left to parquet-wasm', () => {
  const dictionary: Page = {
    kind: 'dictionary',
    header: new Map([[2, ENCODING.plain]]),
    values: 1,
    bytes: Uint8Array.of(1, 0, 0, 0, 97),
    uncompressedBytes: 5,
  };
  /** Of two values: levels in one group of packed bits, then two indices of one bit. */
  const page = (repetition: number, rows: number): Page => {
    const bytes = Uint8Array.of(3, repetition, 3, 0b11, 1, 3, 0);
    const header = new Map(
      [2, 0, rows, ENCODING.rleDictionary, 2, 2].map((value, i): [number, number] => [i + 1, value]),
    );
    return { kind: 'dataV2', header, values: 2, bytes, uncompressedBytes: bytes.length };
  };
  const offsets = (second: Page, rows: number) => {
    const chunk = { pages: [dictionary, page(0b10, 1), second], codec: 'UNCOMPRESSED', rows, values: 4 };
    const lists = packedStrings(chunk, { optional: false, items: { optional: false } }, takeFresh)?.lists;
    return lists && [...lists.offsets];
  };
  assert.deepEqual(offsets(page(0b10, 1), 2), [0, 2, 4]);
  assert.deepEqual(offsets(page(0b00, 2), 3), [0, 2, 3, 4]);
  assert.equal(offsets(page(0b11, 0), 1), undefined);
  assert.equal(offsets(page(0b10, 2), 2), undefined);
});

/** What reading comes to: the rows, or that they are refused. */
async function outcome(file: Uint8Array, packed: boolean): Promise<unknown> {
  try {
    return (await read(file, packed)).flatMap(rowsOf);
  } catch (error) {
    assert.ok(error instanceof InputError, `${(error as Error).stack}`);
    return error.message;
  }
}

test('damaged files are read, or refused with the same words, as by parquet-wasm', async () => {
  const rows: Row[] = Array.from({ length: 300 }, (_, i) => ({
    flag: i % 11 === 0 ? null : i % 3 === 0,
    word: i % 17 === 0 ? null : WORDS[i % 5]!,
    tags: i % 13 === 0 ? null : WORDS.slice(0, i % 4).map((w, k) => ((i + k) % 9 === 0 ? null : w)),
  }));
  const files = [
    byWasm(rows, { codec: 'UNCOMPRESSED', version: WriterVersion.V1, pageBytes: 200 }),
    byWasm(rows, { codec: 'UNCOMPRESSED', version: WriterVersion.V2, pageBytes: 200 }),
    byWasm(rows, { codec: 'SNAPPY', version: WriterVersion.V1, pageBytes: 1e6 }),
    byHyparquet(rows, false, 'SNAPPY', 200),
  ];
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(files.length - 1), fc.nat(), fc.nat(255), async (which, at, byte) => {
      const file = files[which]!.slice();
      const footer = new DataView(file.buffer).getUint32(file.length - 8, true);
      file[4 + (at % (file.length - footer - 12))] = byte;
      const slow = await outcome(file, false);
      if (typeof slow === 'string') refused++;
      assert.deepEqual(await outcome(file, true), slow);
    }),
    { numRuns: 600 },
  );
  assert.ok(refused > 20, `${refused} were refused`);
});
