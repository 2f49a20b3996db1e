/** Models on a real Prism, with workers of their own: the same files, byte for byte, and the same counters as on the direct runner. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Bool, Field, FixedSizeList, Float32, Utf8 } from 'apache-arrow';
import { type Progress, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { batchOf, saveNpy, saveParquet } from '../end-to-end/inputs.js';
import { readOutput } from '../end-to-end/outputs.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { needs, sharedPath } from '../shared.js';
import { generator } from '../transforms/balance/synthetic.js';

const PORTRAITS = 'data/pairs/portraits.parquet';
const GENDER = 'data/models/gender-v1.onnx';
const prism = resolve(process.env.PRISM ?? '.runners/bin/prism');
const absent = existsSync(prism) ? false : `no Prism at ${prism}: node scripts/runners/install-prism.mjs`;
const timeout = 5 * 60_000;

/** Runs the job in `folder`, always into the same directory, and moves what it wrote to `name`. */
async function outcomeOf(folder: string, name: string, job: object, runner: object) {
  const directory = join(folder, 'out');
  const counters: Record<string, Record<string, number>> = {};
  const onProgress = (progress: Progress) => {
    counters[progress.phase] = Object.fromEntries([...progress.counters].sort());
  };
  const logs: string[] = [];
  const output = { directory, shardRows: 300, formats: ['parquet', 'tfrecord'] };
  await runBalance(parseConfig({ ...job, output, runner }), {
    onProgress,
    onLog: (_level, text) => logs.push(text),
  });
  renameSync(directory, join(folder, name));
  return { files: digests(join(folder, name)), counters, models: logs.filter((text) => /^model |scored/.test(text)) };
}

/** The job on the direct runner and, twice, on Prism. Returns the outcome, which is the same. */
async function everywhere(t: TestContext, folder: string, job: object) {
  const direct = await outcomeOf(folder, 'direct', job, {});
  assert.ok(direct.counters['score by models']!.rows! > 0, JSON.stringify(direct.counters));
  for (const runner of [{ environment: 'external', parallelism: 2 }, { environment: 'process' }]) {
    const name = `prism-${runner.environment}`;
    const outcome = await outcomeOf(folder, name, job, { name: 'prism', prism, timeout: 120, ...runner });
    assert.deepEqual(outcome, direct, name);
  }
  t.diagnostic(direct.models.join('; '));
  return direct;
}

test('embeddings of columns and of side files, one of which is missing', { skip: absent, timeout }, async (t) => {
  const folder = scratch(t);
  const input = join(folder, 'input');
  mkdirSync(input);
  const random = generator(3);
  const [files, rows, dims] = [6, 200, 64];
  const vector = () => Array.from({ length: dims }, () => Math.fround(random() - 0.5));
  for (let file = 0; file < files; file++) {
    const vectors = Array.from({ length: rows }, vector);
    const type = new FixedSizeList(dims, new Field('item', new Float32(), true));
    await saveParquet(
      join(input, `part-${file}.parquet`),
      batchOf([
        ['id', { type: new Utf8(), values: vectors.map((_, i) => `${file}-${i}`) }],
        ['clip', { type, values: vectors }],
        ['nurse', { type: new Bool(), values: vectors.map(([x, y]) => x! + y! > 0.3) }],
      ]),
      60,
    );
    saveNpy(
      join(input, `side-${file}.npy`),
      vectors.map((v) => v.map((x) => -x)),
    );
  }
  rmSync(join(input, 'side-4.npy'));
  const prompts = join(folder, 'prompts.json');
  writeFileSync(prompts, JSON.stringify({ classes: ['a', 'b', 'c', 'a'], weights: Array.from({ length: 4 }, vector) }));
  const models = {
    column: { prompts, embedding: 'clip', temperature: 0.2 },
    side: { centroids: prompts, embedding: { file: 'side-{number}.npy' }, distance: 'euclidean', temperature: 1 },
  };
  const direct = await everywhere(t, folder, {
    input: { files: join(input, '*.parquet'), maximumBad: 0.2 },
    models,
    attributes: { female: { column: 'column.a', soft: true }, old: { column: 'side.b', threshold: 0.4, below: 0.3 } },
    labels: [{ columns: ['nurse'] }],
    balance: { rate: 0.3 },
  });
  assert.deepEqual(direct.models, [
    `${rows} rows cannot be scored: ${direct.models[0]!.split('scored: ')[1]}`,
    'model column: 1000 of 1000 rows have scores',
    'model side: 1000 of 1000 rows have scores',
  ]);
  assert.equal(readOutput(join(folder, 'direct')).report.rows.dropped.unreadable, rows);
});

const skip = absent || needs(PORTRAITS, GENDER).skip;
test('an image classifier on the faces of portraits', { skip, timeout }, async (t) => {
  const onnx = sharedPath(GENDER);
  const gender = {
    onnx,
    sha256: createHash('sha256').update(readFileSync(onnx)).digest('hex'),
    faces: 'face_bboxes',
    input: { width: 32, height: 32, mean: [122.781998, 117.000999, 104.297997], scale: 1 / 256 },
    classes: ['female', 'male'],
  };
  const direct = await everywhere(t, scratch(t), {
    input: { files: sharedPath(PORTRAITS) },
    models: { gender },
    attributes: { female: { column: 'gender.female', threshold: 0.8, below: 0.2, target: 0.5 } },
    labels: [],
    balance: { rate: 0.3 },
  });
  assert.deepEqual(direct.models, ['model gender: 244 of 246 rows have scores; 2 no face box']);
});
