import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Binary, Field, FixedSizeList, Float32, Float64, List, Utf8 } from 'apache-arrow';
import { runBalance } from '../../pipelines/index.js';
import { ConfigError, InputError } from '../../schemas/errors.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { needs, sharedPath } from '../shared.js';
import { batchOf, saveNpy, saveParquet } from './inputs.js';
import { readOutput, readParquetFile, readWeights } from './outputs.js';
import { scratch } from './scratch.js';

const PORTRAITS = 'data/pairs/portraits.parquet';
const GENDER = 'data/models/gender-v1.onnx';
const AGE = 'data/models/age-v1.onnx';

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
/** The input that the shared data's README states. */
const inputOf = (side: number) => ({
  width: side,
  height: side,
  mean: [122.781998, 117.000999, 104.297997],
  scale: 1 / 256,
});
const gender = () => ({
  onnx: sharedPath(GENDER),
  sha256: sha256(sharedPath(GENDER)),
  faces: 'face_bboxes',
  input: inputOf(32),
  classes: ['female', 'male'],
});

test(
  'a gender model on the face boxes of portraits is right on 236 of 244',
  needs(PORTRAITS, GENDER, AGE),
  async (t) => {
    const folder = scratch(t);
    const age = {
      onnx: sharedPath(AGE),
      sha256: sha256(sharedPath(AGE)),
      faces: 'face_bboxes',
      input: inputOf(64),
      classes: { from: 0, to: 80 },
      groups: { from50: { from: 50 } },
      expected: 'years',
    };
    const config = {
      input: { files: sharedPath(PORTRAITS) },
      models: { gender: gender(), age },
      attributes: {
        female: { column: 'gender.female', threshold: 0.5, target: 0.5 },
        sure: { column: 'gender.female', threshold: 0.9, below: 0.1 },
        older: { column: 'age.from50', threshold: 0.5 },
      },
      balance: { rate: 0.3 },
      output: { directory: join(folder, 'out') },
    };
    const logs: string[] = [];
    await runBalance(parseConfig(config), { onLog: (_level, text) => logs.push(text) });
    assert.ok(
      logs.some((text) => /model gender: 244 of 246 rows have scores; 2 no face box/.test(text)),
      logs.join('\n'),
    );
    const output = readOutput(join(folder, 'out'));
    const weights = await readWeights(output.weights);
    const { names, rows } = await readParquetFile(sharedPath(PORTRAITS));
    const truth = new Map(rows.map((row) => [String(row[names.indexOf('id')]), row]));
    const wrong = { male: 0, female: 0 };
    let right = 0;
    const byAge = { true: [] as number[], false: [] as number[] };
    for (const { id, attributes } of weights) {
      const row = truth.get(String(id))!;
      const documented = row[names.indexOf('gender')] as 'male' | 'female';
      if (attributes.s_female === null) continue;
      if (attributes.s_sure !== null) assert.equal(attributes.s_sure, attributes.s_female, 'the band only takes away');
      if (attributes.s_female === (documented === 'female')) right++;
      else wrong[documented]++;
      byAge[String(attributes.s_older) as 'true' | 'false'].push(Number(row[names.indexOf('birth_year')]));
    }
    assert.deepEqual({ right, ...wrong }, { right: 236, male: 7, female: 1 });
    const mean = (years: number[]) => years.reduce((a, b) => a + b, 0) / years.length;
    assert.ok(byAge.true.length > 50 && byAge.false.length > 20, `${byAge.true.length} and ${byAge.false.length}`);
    assert.ok(mean(byAge.true) < mean(byAge.false) - 8, `born ${mean(byAge.true)} and ${mean(byAge.false)}`);
    const [shard] = output.shards('parquet');
    assert.deepEqual([...(await readParquetFile(shard!)).names].sort(), [...names].sort(), 'scores are not carried');
    assert.deepEqual(await runTwice(config, folder), weights, 'the same again');
  },
);

async function runTwice(config: object, folder: string) {
  const again = join(folder, 'again');
  await runBalance(parseConfig({ ...config, output: { directory: again } }));
  return readWeights(readOutput(again).weights);
}

test(
  'a model that is not the declared one, or of another shape, ends the run before it begins',
  needs(PORTRAITS, GENDER),
  async (t) => {
    const folder = scratch(t);
    const run = (model: object) =>
      runBalance(
        parseConfig({
          input: { files: sharedPath(PORTRAITS) },
          models: { gender: { ...gender(), ...model } },
          attributes: { female: { column: 'gender.female', threshold: 0.5 } },
          output: { directory: join(folder, 'out') },
        }),
      );
    await assert.rejects(run({ sha256: '0'.repeat(64) }), /gender-v1\.onnx: expected sha256 0{64}, got [0-9a-f]{64}/);
    await assert.rejects(
      run({ input: inputOf(64) }),
      /input images: expected \[N, 3, 64, 64\], as declared, got \[N, 3, 32, 32\]/,
    );
    await assert.rejects(run({ classes: ['a', 'b', 'c'] }), /expected float32 \[N, 3\]/);
    await assert.rejects(run({ faces: 'face_boxes' }), ConfigError);
  },
);

test('images that cannot be decoded, and rows without, are unknown and counted', needs(GENDER), async (t) => {
  const folder = scratch(t);
  const { default: sharp } = await import('sharp');
  const png = await sharp({ create: { width: 9, height: 7, channels: 4, background: '#8040c0' } })
    .png()
    .toBuffer();
  const grey = await sharp(Buffer.alloc(64, 99), { raw: { width: 8, height: 8, channels: 1 } })
    .webp()
    .toBuffer();
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  const values = [png, grey, svg, null, new Uint8Array(0), png.subarray(0, 40), png];
  const box = new List(new Field('item', new Float64(), true));
  await saveParquet(
    join(folder, 'in.parquet'),
    batchOf([
      ['id', { type: new Utf8(), values: values.map((_, i) => `r${i}`) }],
      ['image', { type: new Binary(), values }],
      [
        'boxes',
        {
          type: new List(new Field('item', box, true)),
          values: values.map((_, i) =>
            i === 6
              ? [
                  [0.9, 0.9, 0.9, 2],
                  [-1, 0.5, 3, 9],
                ]
              : [
                  [0, 0, 1, 1],
                  [0, 0, 0.1, 0.1],
                ],
          ),
        },
      ],
    ]),
    3,
  );
  const logs: string[] = [];
  const { faces: _, ...model } = gender();
  const models = {
    whole: model,
    face: { ...model, faces: 'boxes' },
    any: { ...model, faces: 'boxes', face: 'any', batch: 2 },
  };
  await runBalance(
    parseConfig({
      input: { files: join(folder, '*.parquet') },
      models,
      attributes: Object.fromEntries(
        Object.keys(models).map((name) => [name, { column: `${name}.female`, threshold: 0.5 }]),
      ),
      balance: { rate: 0.5 },
      output: { directory: join(folder, 'out') },
    }),
    { onLog: (_level, text) => logs.push(text) },
  );
  const weights = await readWeights(readOutput(join(folder, 'out')).weights);
  const known = (name: string) => weights.map(({ attributes }) => attributes[`s_${name}`] !== null);
  for (const name of Object.keys(models))
    assert.deepEqual(known(name), [true, true, false, false, false, false, true], name);
  const told = logs.filter((text) => text.startsWith('model whole'));
  assert.deepEqual(told, [
    'model whole: 3 of 7 rows have scores; 2 no JPEG, PNG, GIF or WebP that can be decoded, 2 no image',
  ]);
});

/** Vectors whose first number tells the class and whose last tells a quality. */
function vectorOf(i: number): number[] {
  return [i % 3 === 0 ? 1 : -1, 0.5, (i % 10) / 10];
}

test('embeddings of a column and of side files give the same tags, labels and filter, file by file', async (t) => {
  const folder = scratch(t);
  const rows = 60;
  for (const [file, first] of [
    ['part-0', 0],
    ['part-1', rows],
  ] as const) {
    const ids = Array.from({ length: rows }, (_, i) => first + i);
    const vectors = ids.map((i) => (i === 7 ? [0, 0, 0] : vectorOf(i)));
    const type = new FixedSizeList(3, new Field('item', new Float32(), true));
    await saveParquet(
      join(folder, `${file}.parquet`),
      batchOf([
        ['id', { type: new Utf8(), values: ids.map(String) }],
        ['clip', { type, values: vectors }],
      ]),
      25,
    );
    saveNpy(join(folder, `side-${file.slice(-1)}.npy`), vectors);
  }
  const write = (name: string, value: object) => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const prompts = write('prompts.json', {
    classes: ['yes', 'no'],
    weights: [
      [1, 0, 0],
      [-1, 0, 0],
    ],
  });
  const probe = write('probe.json', { classes: ['score'], weights: [[0, 0, 1]], bias: [0] });
  const run = async (name: string, embedding: unknown) => {
    await runBalance(
      parseConfig({
        input: { files: join(folder, '*.parquet') },
        models: {
          zero: { prompts, embedding, temperature: 0.5 },
          quality: { probe, embedding, activation: 'none', normalise: false },
        },
        filters: [{ score: { column: 'quality.score', minimum: 0.05 } }],
        attributes: { female: { column: 'zero.yes', threshold: 0.6, below: 0.4 } },
        labels: [{ columns: ['quality.*'], threshold: 0.55 }],
        balance: { rate: 'auto' },
        output: { directory: join(folder, name) },
      }),
    );
    return readWeights(readOutput(join(folder, name)).weights);
  };
  const byColumn = await run('by-column', 'clip');
  assert.equal(byColumn.length, 2 * rows);
  for (const { id, attributes, labels, reason } of byColumn) {
    const i = Number(id);
    if (i === 7) assert.equal(reason, 'score quality.score: low');
    else if (i % 10 === 0) assert.equal(reason, 'score quality.score: low');
    else {
      assert.equal(attributes.s_female, i % 3 === 0, `row ${i}`);
      assert.deepEqual(labels, i % 10 > 5 ? ['quality.score'] : [], `row ${i}`);
    }
  }
  assert.deepEqual(await run('by-side', { file: 'side-{number}.npy' }), byColumn);
  await assert.rejects(
    run('missing', { file: 'other-{number}.npy' }),
    (e) => e instanceof InputError && /other-0\.npy/.test(e.message),
  );
});
