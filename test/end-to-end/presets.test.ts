import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Field, FixedSizeList, Float32, Float64, Int32, Int64, List, type RecordBatch, Utf8 } from 'apache-arrow';
import { planBalance, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { batchOf, type Column, saveParquet } from './inputs.js';
import { readOutput, readParquetFile, readWeights, type WeightRow } from './outputs.js';
import { scratch } from './scratch.js';

const ROWS = 400;
const every = <T>(value: (i: number) => T): T[] => Array.from({ length: ROWS }, (_, i) => value(i));
const text = every((i) => `a ${i % 3 === 0 ? 'woman' : 'man'} is a ${i % 4 === 0 ? 'nurse' : 'pilot'}, number ${i}`);
const url = every((i) => `https://example.org/${i}.jpg`);
const width = every((i) => 100 + (i % 40) * 20);
const height = every((i) => 900 - (i % 30) * 25);
/** Repeated values, so that a threshold has ties; some null. */
const score = every((i) => (i % 37 === 0 ? null : Math.fround(((i * 7919) % 100) / 100)));

function laion(change: (name: string) => string): RecordBatch {
  const columns: [string, Column][] = [
    ['SAMPLE_ID', { type: new Int64(), values: every((i) => BigInt(i) * 3n) }],
    ['URL', { type: new Utf8(), values: url }],
    ['TEXT', { type: new Utf8(), values: text }],
    ['HEIGHT', { type: new Int32(), values: height }],
    ['WIDTH', { type: new Int32(), values: width }],
    ['LICENSE', { type: new Utf8(), values: every(() => '?') }],
    ['NSFW', { type: new Utf8(), values: every((i) => ['UNLIKELY', 'UNSURE', 'NSFW'][i % 5 === 0 ? i % 3 : 0]!) }],
    ['similarity', { type: new Float64(), values: score }],
  ];
  return batchOf(columns.map(([name, column]) => [change(name), column]));
}

function commonPool(): RecordBatch {
  const box = new FixedSizeList(4, new Field('item', new Float32(), true));
  return batchOf([
    ['uid', { type: new Utf8(), values: every((i) => i.toString(16).padStart(32, '0')) }],
    ['url', { type: new Utf8(), values: url }],
    ['text', { type: new Utf8(), values: text }],
    ['original_width', { type: new Int64(), values: width.map(BigInt) }],
    ['original_height', { type: new Int64(), values: height.map(BigInt) }],
    ['clip_b32_similarity_score', { type: new Float32(), values: score }],
    ['clip_l14_similarity_score', { type: new Float32(), values: score }],
    [
      'face_bboxes',
      { type: new List(new Field('item', box, true)), values: every((i) => (i % 2 === 0 ? [] : [[0, 0.25, 0.5, 1]])) },
    ],
    ['sha256', { type: new Utf8(), values: every((i) => i.toString(16).padStart(64, '0')) }],
  ]);
}

function config(files: string, directory: string, change: Record<string, unknown>) {
  return parseConfig({
    input: { files, ...(change.input as object) },
    filters: change.filters ?? [],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { rate: 0.5 },
    output: { directory, formats: ['parquet'], ...(change.output as object) },
  });
}

async function balanced(t: TestContext, batch: RecordBatch, change: Record<string, unknown>) {
  const folder = scratch(t);
  const file = join(folder, 'in.parquet');
  await saveParquet(file, batch, 150);
  await runBalance(config(file, join(folder, 'out'), change));
  return readOutput(join(folder, 'out'));
}

/** What the captions say, and which rows a slow filter keeps. */
function assertTagged(weights: readonly WeightRow[], keeps: (i: number) => boolean): void {
  weights.forEach(({ attributes, labels, reason }, i) => {
    const dropped = reason !== null && reason !== 'weight 0' && reason !== 'sampled out';
    assert.equal(dropped, !keeps(i), `row ${i}: ${reason}`);
    if (dropped) return;
    assert.equal(attributes.s_female, i % 3 === 0);
    assert.deepEqual(labels, [i % 4 === 0 ? 'nurse' : 'pilot']);
  });
}

const keepsSize = (i: number) => Math.min(width[i]!, height[i]!) >= 200;

for (const [name, change] of [
  ['upper', (column: string) => column],
  ['lower', (column: string) => column.toLowerCase()],
] as const) {
  for (const columns of ['laion', 'auto']) {
    test(`LAION's columns in ${name} case are recognised by the preset ${columns}`, async (t) => {
      const { report, weights, shards } = await balanced(t, laion(change), {
        input: { columns },
        filters: [{ side: { minimum: 200 } }, { similarity: { minimum: 0.3 } }, { nsfw: {} }],
      });
      assert.equal(report.rows.read, ROWS);
      const unlikely = (i: number) => i % 5 !== 0 || i % 3 === 0;
      assertTagged(
        await readWeights(weights),
        (i) => keepsSize(i) && score[i] !== null && score[i]! >= 0.3 && unlikely(i),
      );
      const { names, rows } = await readParquetFile(shards('parquet')[0]!);
      const canonical = ['id', 'text', 'url', 'width', 'height', 'similarity'];
      assert.deepEqual(names, [...canonical, change('LICENSE'), change('NSFW')]);
      for (const row of rows) assert.equal(row[2], url[Number(row[0]) / 3]);
    });
  }
}

test("CommonPool's columns are recognised, and its face boxes carried", async (t) => {
  const { report, weights, shards } = await balanced(t, commonPool(), {
    input: { columns: 'commonpool' },
    filters: [{ side: { minimum: 200 } }, { similarity: { column: 'clip_l14_similarity_score', minimum: 0.3 } }],
  });
  assert.equal(report.rows.read, ROWS);
  assertTagged(await readWeights(weights), (i) => keepsSize(i) && score[i] !== null && score[i]! >= Math.fround(0.3));
  const { names, rows } = await readParquetFile(shards('parquet')[0]!);
  assert.deepEqual(names, [
    'id',
    'text',
    'url',
    'width',
    'height',
    'clip_b32_similarity_score',
    'clip_l14_similarity_score',
    'face_bboxes',
    'sha256',
  ]);
  for (const row of rows) {
    const i = Number.parseInt(String(row[0]), 16);
    assert.deepEqual(row[7], i % 2 === 0 ? [] : [[0, 0.25, 0.5, 1]]);
  }
});

for (const [preset, first] of [
  ['datacomp-basic', 'language'],
  ['datacomp-clip-score', 'similarity'],
  ['laion2b', 'language'],
] as const) {
  test(`the filters ${preset} run on CommonPool and on LAION`, async (t) => {
    for (const [columns, batch] of [
      ['commonpool', commonPool()],
      ['laion', laion((name) => name)],
    ] as const) {
      const { report } = await balanced(t, batch, { input: { columns }, filters: [preset] });
      assert.ok(report.bias[1]!.stage.startsWith(first), report.bias[1]!.stage);
      assert.ok(report.rows.kept > 0 && report.rows.kept < ROWS);
    }
  });
}

test('a mapping names any other columns, and the rules may use either name', async (t) => {
  const batch = batchOf([
    ['Key', { type: new Utf8(), values: every((i) => `k${i}`) }],
    ['alt text', { type: new Utf8(), values: text }],
    ['w', { type: new Int32(), values: width }],
    ['h', { type: new Int32(), values: height }],
    ['text', { type: new Utf8(), values: every(() => 'not the caption') }],
  ]);
  const mapping = { id: 'Key', text: 'alt text', width: 'w', height: 'h' };
  await assert.rejects(balanced(t, batch, { input: { columns: mapping } }), {
    message: /column text: expected each name once, got a second column that would be called text/,
  });
  const fields = batch.schema.fields.slice(0, 4);
  const without = batchOf(fields.map(({ name, type }, i) => [name, { type, values: [...batch.getChildAt(i)!] }]));
  for (const column of ['text', 'alt text', 'ALT TEXT']) {
    const { weights, shards } = await balanced(t, without, {
      input: { columns: mapping },
      filters: [{ side: { minimum: 200 } }, { blocked: { terms: ['number 7'], column } }],
    });
    assertTagged(await readWeights(weights), (i) => keepsSize(i) && i !== 7);
    assert.deepEqual((await readParquetFile(shards('parquet')[0]!)).names, ['id', 'text', 'width', 'height']);
  }
  await assert.rejects(balanced(t, without, { input: { columns: { ...mapping, url: 'link' } } }), {
    message: /input\.columns\.url: expected a column link, got Key, alt text, w, h/,
  });
});

test('the top fraction and unique ids are exact against a slow recount', async (t) => {
  const ids = every((i) => `id ${(i * i) % 271}`);
  const batch = batchOf([
    ['id', { type: new Utf8(), values: ids }],
    ['text', { type: new Utf8(), values: text }],
    ['similarity', { type: new Float32(), values: score }],
  ]);
  for (const fraction of [0.01, 0.3, 0.77, 1]) {
    const { report, weights } = await balanced(t, batch, {
      filters: [{ unique: {} }, { similarity: { fraction } }, { unique: { column: 'id' } }],
    });
    const seen = new Set<string>();
    const first = ids.map((id) => !seen.has(id) && seen.add(id) !== undefined);
    const scores = score.filter((s, i) => first[i] && s !== null).sort((a, b) => b! - a!) as number[];
    const asked = report.rows.read - report.rows.dropped['unique: duplicate']!;
    assert.equal(asked, seen.size);
    const threshold = scores[Math.min(scores.length, Math.ceil(fraction * seen.size)) - 1]!;
    const kept = (i: number) => first[i]! && score[i] !== null && score[i]! >= threshold;
    const found = await readWeights(weights);
    const different = found.findIndex(({ reason }, i) => {
      const dropped = reason !== null && reason !== 'weight 0' && reason !== 'sampled out';
      return dropped === kept(i);
    });
    assert.equal(different, -1, `fraction ${fraction}, row ${different}: ${found[different]?.reason}`);
  }
});

test('the strings of a list column become labels, the commonest, found in a pass of their own', async (t) => {
  const tags = every((i) => ['a', 'b', 'c', 'd', 'e'].filter((_, k) => i % (k + 2) === 0));
  const batch = batchOf([
    ['text', { type: new Utf8(), values: text }],
    ['tags', { type: new List(new Field('item', new Utf8(), true)), values: tags }],
  ]);
  const folder = scratch(t);
  const file = join(folder, 'in.parquet');
  await saveParquet(file, batch, 150);
  const value = {
    input: { files: file },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ list: 'tags', minimumCount: 90, maximum: 3 }],
    balance: { rate: 0.5 },
    output: { directory: join(folder, 'out'), formats: ['parquet'] },
  };
  const plan = await planBalance(parseConfig(value));
  assert.equal(plan.labels.count, 'found at run time');
  assert.deepEqual(
    plan.passes.map((p) => p.name),
    ['labels', 'count', 'calibrate', 'write'],
  );
  await runBalance(parseConfig(value));
  const { duals, weights } = readOutput(join(folder, 'out'));
  // a: 200 rows, b: 134, c: 100, d: 80, e: 67.
  assert.deepEqual([...duals.labels].sort(), ['a', 'b', 'c']);
  (await readWeights(weights)).forEach(({ labels, id }, i) => {
    assert.equal(id, String(i));
    assert.deepEqual(
      [...labels].sort(),
      tags[i]!.filter((tag) => tag < 'd'),
    );
  });
});

test('lists that two writers name differently inside are one column, whichever is read first', async (t) => {
  const tags = every((i) => [`t${i % 4}`]);
  const named = (item: string) =>
    batchOf([
      ['text', { type: new Utf8(), values: text }],
      ['tags', { type: new List(new Field(item, new Utf8(), true)), values: tags }],
    ]);
  const folder = scratch(t);
  const [a, b] = [join(folder, 'a.parquet'), join(folder, 'b.parquet')];
  await saveParquet(a, named('item'), 150);
  await saveParquet(b, named('element'), 150);
  const shard = async (files: string[], name: string) => {
    const directory = join(folder, name);
    const value = config(a, directory, { input: { files }, output: { formats: ['parquet', 'arrow'], shardRows: 50 } });
    await runBalance(value);
    return readOutput(directory).manifest.files.filter((f) => f.kind === 'shard' || f.kind === 'weights');
  };
  assert.deepEqual(
    (await shard([a, b], 'ab')).map((f) => f.sha256),
    (await shard([b, a], 'ba')).map((f) => f.sha256),
  );
});
