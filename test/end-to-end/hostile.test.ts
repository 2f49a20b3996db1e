import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Bool, type DataType, Field, Float64, Int32, Int64, List, type RecordBatch, Utf8 } from 'apache-arrow';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { renderReport } from '../../transforms/stats/table.js';
import { run } from './command.js';
import { batchOf, type Column, saveArrow, saveParquet } from './inputs.js';
import { readArrowFile, readExamples, readOutput, readParquetFile, readWeights } from './outputs.js';
import { scratch } from './scratch.js';

const FORMATS = ['parquet', 'arrow', 'tfrecord'];

function flags(rows: number, of: (i: number) => boolean | null): Column {
  return { type: new Bool(), values: Array.from({ length: rows }, (_, i) => of(i)) };
}

async function balance(t: TestContext, files: string, change: Record<string, unknown> = {}) {
  const directory = join(scratch(t), 'out');
  const { output, ...rest } = change;
  const config = parseConfig({
    input: { files },
    attributes: { female: { column: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.9 },
    output: { directory, formats: FORMATS, shardRows: 20, ...(output as object) },
    ...rest,
  });
  await runBalance(config);
  return { directory, ...readOutput(directory) };
}

const CAPTIONS = [
  '\u001b[2J\u001b]0;owned\u0007 a woman \u001b[31mnurse',
  '\u202eesrever a nurse\u202c \u2066\u2069',
  `a woman ${'nurse '.repeat(170_000)}`,
  'a nurse\u0000a man',
  '\u0000',
  '👩🏽‍⚕️ a nurse 👨‍👩‍👧‍👦 🏳️‍🌈',
  '{{7*7}} $(reboot) `reboot` <script>alert(1)</script> "; DROP TABLE captions; --',
  '../../../../etc/passwd',
  'a\r\nwoman\r\n\r\nnurse\t\v\f\u2028\u2029\u0085',
  '',
  ' ',
  '\ufeffa woman',
  'ａ ｗｏｍａｎ ａｎｄ ａ ｎｕｒｓｅ',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞',
  '\ud7ff\ue000\ufffd\uffff',
  'nan',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  '-0',
  '1e999',
];

test('captions of any kind arrive as they were, and steer nothing', async (t) => {
  const rows = CAPTIONS.length * 3;
  const text = Array.from({ length: rows }, (_, i) => (i % 23 === 22 ? null : CAPTIONS[i % CAPTIONS.length]!));
  const batch = batchOf([
    ['id', { type: new Utf8(), values: text.map((_, i) => `r${i}`) }],
    ['text', { type: new Utf8(), values: text }],
    ['url', { type: new Utf8(), values: text.map((caption) => caption?.slice(0, 100) ?? null) }],
    ['female', flags(rows, (i) => i % 2 === 0)],
  ]);
  for (const save of [saveParquet, saveArrow]) {
    const file = join(scratch(t), save === saveParquet ? 'in.parquet' : 'in.arrow');
    await save(file, batch, 10);
    const run = await balance(t, file, {
      filters: [{ blocked: { terms: ['passwd', 'script'] } }, { words: { minimum: 0 } }],
    });
    const weights = await readWeights(run.weights);
    const kept = weights.flatMap(({ copies }, i) => Array.from({ length: copies }, () => i));
    assert.ok(kept.length > 20 && run.report.rows.read === rows);
    const expected = kept.map((i) => [text[i], text[i]?.slice(0, 100) ?? null]);
    const [fromArrow, fromParquet, fromRecords]: unknown[][][] = [[], [], []];
    for (const path of run.shards('arrow')) {
      const table = readArrowFile(path);
      for (let i = 0; i < table.numRows; i++)
        fromArrow!.push([table.getChild('text')!.get(i), table.getChild('url')!.get(i)]);
    }
    for (const path of run.shards('parquet'))
      for (const row of (await readParquetFile(path)).rows) fromParquet!.push([row[1], row[2]]);
    for (const path of run.shards('tfrecord'))
      for (const example of await readExamples(path))
        fromRecords!.push(
          ['text', 'url'].map((key) => Buffer.from(example.get(key)!.values[0] as Uint8Array).toString()),
        );
    // Both readers decode with TextDecoder, which takes a byte order mark for its own.
    const unmarked = (row: unknown[]) => row.map((v) => (typeof v === 'string' ? v.replace(/^\ufeff/, '') : v));
    const differs = (row: unknown[], other: unknown[]) => row[0] !== other[0] || row[1] !== other[1];
    const wrong = (found: unknown[][], change: (row: unknown[]) => unknown[]) =>
      found.findIndex((row, i) => differs(row, change(expected[i]!)));
    assert.equal(wrong(fromArrow!, unmarked), -1);
    assert.equal(wrong(fromParquet!, unmarked), -1);
    const empty = (row: unknown[]) => row.map((v) => v ?? '');
    assert.equal(wrong(fromRecords!, empty), -1);
    for (const found of [fromArrow, fromParquet, fromRecords]) assert.equal(found!.length, kept.length);
    const labelled = weights
      .filter((w) => w.labels.includes('nurse'))
      .map((w) => Number(w.id!.slice(1)) % CAPTIONS.length);
    assert.deepEqual(
      [...new Set(labelled)].sort((a, b) => a - b),
      [1, 2, 3, 5, 8],
    );
  }
});

test('a row group with bytes that are no UTF-8 is lost with a reason, and nothing else', async (t) => {
  const people = (from: number) => {
    const numbers = Array.from({ length: 40 }, (_, i) => from + i);
    return batchOf([
      ['id', { type: new Utf8(), values: numbers.map((i) => `r${i}`) }],
      ['text', { type: new Utf8(), values: numbers.map((i) => `a nurse, MARK ${i}`) }],
      ['female', { type: new Bool(), values: numbers.map((i) => i % 2 === 0) }],
    ]);
  };
  for (const suffix of ['parquet', 'arrow']) {
    const folder = scratch(t);
    const save = (name: string, batch: RecordBatch) =>
      suffix === 'parquet' ? saveParquet(name, batch, 20, 'none') : saveArrow(name, batch, 20);
    await save(join(folder, `a.${suffix}`), people(0));
    const bad = join(folder, `b.${suffix}`);
    await save(bad, people(40));
    const bytes = readFileSync(bad);
    const at = bytes.indexOf('MARK 70');
    assert.ok(at > 0, 'written plain');
    bytes.set([0xff, 0xfe, 0xc0, 0x80], at);
    writeFileSync(bad, bytes);
    const { report, weights } = await balance(t, folder, { input: { files: folder, maximumBad: 1 } });
    // A Parquet file has a row group for each 20 rows, an Arrow file one group of both record batches.
    assert.ok(report.rows.dropped.unreadable! <= 20, JSON.stringify(report.rows));
    assert.equal((await readWeights(weights)).length, 80 - report.rows.dropped.unreadable!);
    assert.match(report.problems.list[0]!.message, /b\.(parquet|arrow).*column text.*(UTF|utf)-?8/);
  }
});

const NAMES = [
  'a\nline',
  '"quotes"',
  "it's",
  '__proto__',
  'constructor',
  'toString',
  ' ',
  'ünïcödé 🙂',
  '\u001b[31mred',
  'a.b',
  'weights/../x',
  'x'.repeat(300),
  'hasOwnProperty',
  'prototype',
  'length',
];

test('columns of any name are read, used and carried', async (t) => {
  const rows = 60;
  const batch = batchOf([
    ...NAMES.map((name, c): [string, Column] => [
      name,
      { type: new Int32(), values: Array.from({ length: rows }, (_, i) => ((i * (c + 3)) % 5 === 0 ? 1 : 0)) },
    ]),
    ['female', flags(rows, (i) => i % 2 === 0)],
  ]);
  for (const save of [saveParquet, saveArrow]) {
    const file = join(scratch(t), save === saveParquet ? 'in.parquet' : 'in.arrow');
    await save(file, batch);
    const run = await balance(t, file, {
      attributes: { constructor: { column: '__proto__' }, toString: { column: 'a\nline' } },
      labels: [{ columns: ['constructor', '"quotes"', 'ünï*', '\u001b[31mred', 'hasOwnProperty'] }],
      filters: [{ score: { column: 'toString', maximum: 1 } }, { score: { column: ' ', minimum: 0 } }],
    });
    const [shard] = run.shards('parquet');
    assert.deepEqual((await readParquetFile(shard!)).names, ['id', ...NAMES, 'female']);
    assert.deepEqual(
      readArrowFile(run.shards('arrow')[0]!).schema.fields.map((f) => f.name),
      ['id', ...NAMES, 'female'],
    );
    assert.deepEqual(
      [...(await readExamples(run.shards('tfrecord')[0]!))[0]!.keys()].sort(),
      ['id', ...NAMES, 'female', 'labels', 's_constructor', 's_toString', 'weight'].sort(),
    );
    const [weight] = await readWeights(run.weights);
    assert.deepEqual(Object.keys(weight!.attributes), ['s_constructor', 's_toString']);
    assert.deepEqual(
      run.report.bias[0]!.attributes.map((a) => a.attribute),
      ['constructor', 'toString'],
    );
    for (const line of renderReport(run.report, 100)) assert.equal(typeof line, 'string');
  }
});

test('labels of any text are labels', async (t) => {
  const rows = 120;
  const words = ['__proto__', 'constructor', 'a\nb', '\u001b[2J', '', 'toString', '👩', 'x'.repeat(5_000)];
  const tags = Array.from({ length: rows }, (_, i) => (i % 9 === 0 ? null : words.filter((_, w) => (i + w) % 4 === 0)));
  const batch = batchOf([
    ['id', { type: new Utf8(), values: tags.map((_, i) => `r${i}`) }],
    ['__proto__', { type: new List(new Field('item', new Utf8(), true)), values: tags }],
    ['female', flags(rows, (i) => i % 2 === 0)],
    ['role', { type: new Utf8(), values: tags.map((_, i) => words[i % words.length]!) }],
  ]);
  const file = join(scratch(t), 'in.parquet');
  await saveParquet(file, batch, 50);
  const run = await balance(t, file, {
    attributes: { a: { column: 'role', value: '__proto__' }, b: { column: '__proto__', value: 'constructor' } },
    labels: [{ list: '__proto__' }],
  });
  const weights = await readWeights(run.weights);
  weights.forEach(({ labels, attributes }, i) => {
    assert.deepEqual([...labels].sort(), (tags[i] ?? []).filter((tag) => tag !== '').sort());
    const role = words[i % words.length];
    assert.equal(attributes.s_a, role === '' ? null : role === '__proto__');
    assert.equal(attributes.s_b, tags[i] === null ? null : tags[i]!.includes('constructor'));
  });
  assert.deepEqual([...run.duals.labels].sort(), words.filter((word) => word !== '').sort());
});

test('files of any name are read, named in messages without being obeyed', async (t) => {
  const folder = join(scratch(t), 'in put');
  mkdirSync(folder);
  const names = [
    'with space.parquet',
    'new\nline.parquet',
    '"quoted" \'twice\'.parquet',
    'ünïcödé 🙂.parquet',
    '[a-z]*{x,y}.parquet',
    '\u001b[31mred.parquet',
    '$(touch owned).parquet',
    '-rf.parquet',
    '%2e%2e.parquet',
  ];
  const batch = (from: number) =>
    batchOf([
      ['id', { type: new Utf8(), values: Array.from({ length: 10 }, (_, i) => `r${from + i}`) }],
      ['text', { type: new Utf8(), values: Array.from({ length: 10 }, (_, i) => `a nurse ${from + i}`) }],
      ['female', flags(10, (i) => i % 2 === 0)],
    ]);
  for (const [i, name] of names.entries()) await saveParquet(join(folder, name), batch(i * 10));
  writeFileSync(join(folder, 'b\u001b[31mad\n.parquet'), 'not Parquet');
  const all = await balance(t, folder, { input: { files: folder, maximumBad: 1 } });
  assert.equal(all.report.rows.read, names.length * 10);
  assert.equal(all.report.problems.count, 1);
  assert.match(all.report.problems.list[0]!.message, /b\\u001b\[31mad\\u000a\.parquet/);
  for (const name of names) {
    const one = await balance(t, join(folder, name));
    assert.equal(one.report.rows.read, 10, name);
  }
  const { code, stdout, stderr } = await run([
    'balance',
    '--input',
    folder,
    '--input.maximumBad',
    '1',
    '--attributes',
    '{female: {column: female}}',
    '--output',
    join(scratch(t), 'out'),
    '--verbose',
    '--dry-run',
  ]);
  assert.equal(code, 0, stderr);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f]/);
});

for (const [what, type, ids] of [
  ['null', new Utf8(), (i: number) => (i % 3 === 0 ? null : `r${i}`)],
  ['all null', new Utf8(), () => null],
  ['repeated', new Utf8(), (i: number) => `r${i % 50}`],
  ['empty', new Utf8(), () => ''],
  ['numbers', new Int64(), (i: number) => BigInt(i) * 2n ** 40n],
] as const) {
  test(`ids that are ${what} make no row another's, and rows are kept as the weights say`, async (t) => {
    const rows = 600;
    const file = join(scratch(t), 'in.parquet');
    const values = Array.from({ length: rows }, (_, i) => ids(i));
    await saveParquet(
      file,
      batchOf([
        ['id', { type: type as DataType, values }],
        ['n', { type: new Int32(), values: values.map((_, i) => i) }],
        ['female', flags(rows, (i) => i % 2 === 0)],
      ]),
      100,
    );
    const run = await balance(t, file, {
      labels: [],
      balance: { rate: 0.5 },
      output: { formats: ['parquet'], shardRows: 1000 },
    });
    const weights = await readWeights(run.weights);
    assert.deepEqual(
      weights.map((w) => w.id),
      values.map((v) => (v === null ? null : String(v))),
    );
    const { rows: written } = await readParquetFile(run.shards('parquet')[0]!);
    assert.deepEqual(
      written.map((row) => row[1]),
      weights.flatMap(({ copies }, i) => Array.from({ length: copies }, () => i)),
    );
    // Rows of one id are taken or left together.
    if (what !== 'empty' && what !== 'repeated')
      assert.ok(Math.abs(written.length - 300) < 75, `${written.length} rows written of 600 at rate 0.5`);
  });
}

test('ids of a type without order or text are refused before anything is read', async (t) => {
  const file = join(scratch(t), 'in.parquet');
  await saveParquet(
    file,
    batchOf([
      ['id', { type: new Float64(), values: [1.5, 2.5] }],
      ['female', flags(2, () => true)],
    ]),
  );
  await assert.rejects(balance(t, file, { labels: [] }), { message: /column id.*expected .*, got Float64/ });
});

test('a name of the output cannot leave its directory', () => {
  for (const name of ['../x', 'a/b', '/etc/x', 'a\u0000', '..', 'a b', '']) {
    assert.throws(
      () =>
        parseConfig({ input: { files: 'x' }, attributes: { a: { column: 'a' } }, output: { directory: 'o', name } }),
      /output\.name: expected a name of letters, digits and underscores, a letter first/,
      name,
    );
  }
});
