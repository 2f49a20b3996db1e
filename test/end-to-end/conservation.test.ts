import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  Bool,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  type RecordBatch,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import fc from 'fast-check';
import type { Feature } from '../../formats/example.js';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { batchOf, type Column, saveArrow, saveParquet } from './inputs.js';
import { readArrowFile, readExamples, readOutput, readParquetFile, readWeights } from './outputs.js';
import { scratch } from './scratch.js';

const ROWS = 2_500;
const SCORE = 'clip_l14_similarity_score';

/** Columns that nothing of ours reads: they must arrive bit by bit. */
function carried(rows: number): [string, Column][] {
  const every = <T>(value: (i: number) => T) => Array.from({ length: rows }, (_, i) => value(i));
  const odd = [-0, Number.NaN, 5e-324, Number.NEGATIVE_INFINITY, 0.1, 1e300];
  return [
    ['a float', { type: new Float64(), values: every((i) => (i % 7 === 6 ? null : odd[i % 7])) }],
    [
      'an integer',
      { type: new Int64(), values: every((i) => (i % 5 === 0 ? null : (-1n) ** BigInt(i) * (2n ** 62n + BigInt(i)))) },
    ],
    ['a flag', { type: new Bool(), values: every((i) => [true, false, null][i % 3]) }],
    [
      'a time',
      { type: new TimestampMicrosecond(), values: every((i) => (i % 4 === 0 ? null : 1_700_000_000_000 + i)) },
    ],
    [
      'a list',
      {
        type: new List(new Field('item', new Utf8(), true)),
        values: every((i) => [null, [], [`tag ${i}`], ['a', null, `é${i}`]][i % 4]),
      },
    ],
    [
      'a struct',
      {
        type: new Struct([new Field('n', new Int32(), true), new Field('s', new Utf8(), true)]),
        values: every((i) => (i % 6 === 0 ? null : { n: i, s: i % 2 === 0 ? null : `s${i}` })),
      },
    ],
  ];
}

function inputBatch(rows: number): RecordBatch {
  const demo = demoBatch(7, 0, rows);
  const columns = demo.schema.fields.map(({ name, type }, i): [string, Column] => [
    name,
    { type, values: [...demo.getChildAt(i)!] },
  ]);
  return batchOf([...columns, ...carried(rows)]);
}

/** A value as text that tells -0 from 0, one NaN from a number, and bytes from text. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`;
  if (value instanceof Date) return String(value.getTime());
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`;
  if (Symbol.iterator in Object(value) && 'length' in Object(value)) return shown([...(value as Iterable<unknown>)]);
  const plain = 'toJSON' in Object(value) ? (value as { toJSON(): object }).toJSON() : (value as object);
  return `{${Object.entries(plain)
    .map(([key, v]) => `${key}:${shown(v)}`)
    .join()}}`;
}

/** What a row's value becomes in a tf.train.Example: see tfFeature. */
function feature(value: unknown, type: string): string {
  const list = (kind: string, values: unknown[]) => `${kind}${shown(values)}`;
  if (type.startsWith('List')) {
    const items = value === null ? [] : [...(value as Iterable<string | null>)];
    return list(
      'bytes',
      items.map((v) => Buffer.from(v ?? '')),
    );
  }
  if (type.startsWith('Float')) return list('float', [value === null ? Number.NaN : Math.fround(value as number)]);
  if (type.startsWith('Int') || type === 'Bool') return list('int64', [BigInt((value as bigint | null) ?? 0)]);
  if (type.startsWith('Timestamp')) return list('int64', [BigInt((value as number | null) ?? 0) * 1000n]);
  if (type === 'Binary') return list('bytes', [(value as Uint8Array | null) ?? new Uint8Array()]);
  return list('bytes', [Buffer.from((value as string | null) ?? '')]);
}

const batch = inputBatch(ROWS);
const types = batch.schema.fields.map(({ type }) => String(type));
/** Canonical columns come first, under their canonical names. */
const RENAMED: Record<string, string> = { uid: 'id', original_width: 'width', original_height: 'height' };
const FIRST = ['id', 'text', 'url', 'width', 'height'];
const named = batch.schema.fields.map(({ name }, at) => ({ name: RENAMED[name] ?? name, at }));
const order = [
  ...FIRST.map((name) => named.find((c) => c.name === name)!),
  ...named.filter((c) => c.name === 'image'),
  ...named.filter((c) => !FIRST.includes(c.name) && c.name !== 'image'),
];
const expectedCells = Array.from({ length: ROWS }, (_, row) => order.map(({ at }) => batch.getChildAt(at)!.get(row)));

const filter = fc.constantFrom<object>(
  { words: { minimum: 6 } },
  { side: { minimum: 250 } },
  { aspect: { maximum: 2 } },
  { similarity: { column: SCORE, fraction: 0.7 } },
  { similarity: { column: SCORE, minimum: 0.25 } },
  { blocked: { terms: ['bicycle', 'bowl of soup'] } },
  { present: { columns: ['a list'] } },
  { unique: {} },
  { near: { similarity: 0.7, shingle: 2 } },
);

const settings = fc.record({
  filters: fc.uniqueArray(filter, { maxLength: 3 }),
  target: fc.constantFrom(0.35, 0.5),
  balance: fc.oneof(
    fc.record({
      fit: fc.constantFrom('exact', 'stream', 'auto'),
      rate: fc.constantFrom<'auto' | number>('auto', 0.3, 0.9),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      maximum: fc.constantFrom(1, 2, 3.5),
    }),
    fc.record({ fit: fc.constant('online'), rate: fc.constant(0.4), streams: fc.constantFrom(1, 3) }),
  ),
  shardRows: fc.constantFrom(100, 333, 10_000),
  rowGroupRows: fc.constantFrom(ROWS, 700, 97),
  arrow: fc.boolean(),
  shuffle: fc.constantFrom<'none' | 'global'>('none', 'global'),
});

test('rows read are rows kept and rows dropped, in the report, the weights and every format', async (t) => {
  const folder = scratch(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(settings, async ({ filters, target, balance, shardRows, rowGroupRows, arrow, shuffle }) => {
      const inOrder = (rows: readonly string[]) => (shuffle === 'none' ? rows : [...rows].sort());
      const at = join(folder, String(run++));
      const file = `${at}.${arrow ? 'arrow' : 'parquet'}`;
      await (arrow ? saveArrow : saveParquet)(file, batch, rowGroupRows);
      const config = parseConfig({
        input: { files: file },
        filters,
        attributes: { female: { lexicon: 'gender', value: 'female', target } },
        labels: [{ lexicon: 'occupations' }],
        balance,
        output: { directory: at, formats: ['parquet', 'arrow', 'tfrecord'], shardRows, shuffle },
      });
      const { report } = await runBalance(config);

      const { read, kept, written, dropped } = report.rows;
      assert.equal(read, ROWS);
      assert.equal(read, kept + Object.values(dropped).reduce((a, b) => a + b, 0));

      const output = readOutput(at);
      assert.deepEqual(output.report, JSON.parse(JSON.stringify(report)));
      const weights = await readWeights(output.weights);
      assert.equal(weights.length, ROWS);
      const recount: Record<string, number> = {};
      for (const { reason } of weights) if (reason !== null) recount[reason] = (recount[reason] ?? 0) + 1;
      assert.deepEqual(recount, { ...dropped });
      assert.deepEqual(
        weights.map((w) => w.id),
        expectedCells.map(([id]) => id),
      );

      const copied = weights.flatMap(({ copies, reason }, row) => {
        assert.equal(copies > 0, reason === null);
        return Array.from({ length: copies }, () => row);
      });
      assert.equal(copied.length, written);
      const expected = copied.map((row) => expectedCells[row]!.map(shown).join('|'));

      const arrowRows: string[] = [];
      for (const path of output.shards('arrow')) {
        const table = readArrowFile(path);
        assert.deepEqual(
          table.schema.fields.map((f) => f.name),
          order.map((c) => c.name),
        );
        const columns = order.map((_, i) => table.getChildAt(i)!);
        for (let row = 0; row < table.numRows; row++) arrowRows.push(columns.map((c) => shown(c.get(row))).join('|'));
      }
      assertRows('arrow', inOrder(arrowRows), inOrder(expected));

      const parquetRows: string[] = [];
      for (const path of output.shards('parquet')) {
        const { names, rows } = await readParquetFile(path);
        assert.deepEqual(
          names,
          order.map((c) => c.name),
        );
        for (const row of rows) parquetRows.push(row.map(shown).join('|'));
      }
      assertRows('parquet', inOrder(parquetRows), inOrder(expected));

      const features: string[] = [];
      const keys = order
        .map(({ name, at }, i) => ({ name, i, type: types[at]! }))
        .filter(({ type }) => !type.startsWith('Struct'));
      for (const path of output.shards('tfrecord')) {
        for (const example of await readExamples(path)) {
          assert.deepEqual(
            [...example.keys()].filter((key) => !order.some((c) => c.name === key)),
            ['labels', 's_female', 'weight'],
          );
          features.push(keys.map(({ name }) => featureText(example.get(name)!)).join('|'));
        }
      }
      assertRows(
        'tfrecord',
        inOrder(features),
        inOrder(copied.map((row) => keys.map(({ i, type }) => feature(expectedCells[row]![i], type)).join('|'))),
      );
    }),
    { numRuns: 8, endOnFailure: true, includeErrorInReport: true },
  );
});

/** A diff of thousands of rows helps nobody: the first that differs. */
function assertRows(what: string, actual: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((row, i) => row !== actual[i]);
  if (at >= 0) assert.equal(actual[at], expected[at], `${what}, row ${at}`);
  assert.equal(actual.length, expected.length, what);
}

function featureText({ kind, values }: Feature): string {
  return `${kind}${shown(values)}`;
}
