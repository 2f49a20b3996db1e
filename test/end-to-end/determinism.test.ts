import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setVerifyCoders } from '../../beam/index.js';
import { type RunHooks, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveArrow, saveParquet, saveStream } from './inputs.js';
import { readJson, readOutput } from './outputs.js';
import { digests, filesBelow, scratch } from './scratch.js';

const ROWS = 3_500;
const batch = demoBatch(3, 0, ROWS);

function settings(files: string | string[], directory: string, balance: object = {}) {
  return parseConfig({
    input: { files },
    filters: [
      { words: { minimum: 6 } },
      { similarity: { column: 'clip_l14_similarity_score', fraction: 0.8 } },
      { unique: {} },
      { near: { similarity: 0.9, shingle: 1 } },
    ],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { fit: 'exact', tolerance: { rb: 0.01, ab: 0.03 }, ...balance },
    output: { directory, formats: ['parquet', 'arrow', 'tfrecord'], shardRows: 150 },
  });
}

/** What must not depend on how the input is cut: every file but those that name the input's paths. */
function promised(directory: string): Record<string, unknown> {
  // Those name the inputs, or hold what is compared below.
  const apart = new Set([
    'report.json',
    'report.html',
    'manifest.json',
    'duals.json',
    'counts/state.json',
    'README.md',
  ]);
  const files = Object.fromEntries(Object.entries(digests(directory)).filter(([path]) => !apart.has(path)));
  const { config, problems, ...report } = readOutput(directory).report;
  const { configHash, ...duals } = readOutput(directory).duals as Record<string, unknown>;
  return { files, report, duals };
}

/** Cuts of the same rows, by name: each writes files below a folder and gives what to read. */
const cuts: Record<string, (folder: string) => Promise<string | string[]>> = {
  'one row group': async (folder) => {
    await saveParquet(join(folder, 'all.parquet'), batch);
    return join(folder, 'all.parquet');
  },
  'fifty row groups': async (folder) => {
    await saveParquet(join(folder, 'all.parquet'), batch, ROWS / 50);
    return folder;
  },
  'seven files': async (folder) => {
    for (let i = 0; i < 7; i++) {
      await saveParquet(join(folder, `part-${i}.parquet`), batch.slice((i * ROWS) / 7, ((i + 1) * ROWS) / 7), 333);
    }
    return join(folder, '*.parquet');
  },
  'an Arrow file': async (folder) => {
    await saveArrow(join(folder, 'all.arrow'), batch, 431);
    return join(folder, 'all.arrow');
  },
  'an Arrow stream': async (folder) => {
    saveStream(join(folder, 'all.arrows'), batch, 1_000);
    return join(folder, 'all.arrows');
  },
  'Parquet and Arrow in turn': async (folder) => {
    await saveParquet(join(folder, '0.parquet'), batch.slice(0, 1_234), 500);
    await saveArrow(join(folder, '1.arrow'), batch.slice(1_234, 2_000), 100);
    saveStream(join(folder, '2.arrows'), batch.slice(2_000, 2_001), 10);
    await saveParquet(join(folder, '3.parquet'), batch.slice(2_001, ROWS));
    return [0, 1, 2, 3].map((i) => join(folder, readdirSync(folder).find((f) => f.startsWith(String(i)))!));
  },
};

async function cutRun(t: TestContext, folder: string, cut: string, balance?: object, hooks?: RunHooks) {
  const input = join(folder, 'input');
  mkdirSync(input, { recursive: true });
  t.after(() => rmSync(input, { recursive: true, force: true }));
  const directory = join(folder, 'out');
  await runBalance(settings(await cuts[cut]!(input), directory, balance), hooks);
  return directory;
}

test('the same rows give the same bytes, however they are cut into files, row groups and formats', async (t) => {
  const expected = promised(await cutRun(t, scratch(t), 'one row group'));
  assert.ok(Object.keys(expected.files as object).length > 9, 'several shards of each format');
  for (const cut of Object.keys(cuts).slice(1)) {
    await t.test(cut, async (s) => assert.deepEqual(promised(await cutRun(t, scratch(s), cut)), expected));
  }
  await t.test('with every element through its coder', async (s) => {
    setVerifyCoders(true);
    try {
      assert.deepEqual(promised(await cutRun(t, scratch(s), 'seven files')), expected);
    } finally {
      setVerifyCoders(false);
    }
  });
});

test('a run that was stopped after some shards, and lost some of them, ends with the same bytes', async (t) => {
  const expected = promised(await cutRun(t, scratch(t), 'fifty row groups'));
  const folder = scratch(t);
  const partial = join(folder, 'out.partial');
  /** Records of finished shards, in the folder of the attempt. */
  const records = () => filesBelow(partial).filter((file) => dirname(file).endsWith(join('work', 'shards')));
  const stop = new AbortController();
  // Progress comes ten times a second, which a fast machine outruns.
  const watch = setInterval(() => {
    if (records().length >= 3) stop.abort(new Error('enough'));
  }, 1);
  const stopped = cutRun(t, folder, 'fifty row groups', {}, { signal: stop.signal });
  await assert.rejects(stopped, /enough/).finally(() => clearInterval(watch));
  const finished = records();
  assert.ok(finished.length > 1, `${finished.length} finished shards`);
  assert.deepEqual(filesBelow(join(folder, 'out')), [], 'nothing is visible yet');
  for (const shard of finished.filter((_, i) => i % 2 === 0)) rmSync(join(partial, shard));
  const input = join(folder, 'input');
  await runBalance(settings(input, join(folder, 'out')));
  assert.deepEqual(promised(join(folder, 'out')), expected);
  assert.deepEqual(filesBelow(partial), []);
});

test('the exact duals do not depend on the order of the files', async (t) => {
  const folder = scratch(t);
  const files = await Promise.all(
    [0, 1, 2, 3, 4].map(async (i) => {
      const path = join(folder, `${i}.parquet`);
      await saveParquet(path, batch.slice(i * 700, (i + 1) * 700), 200);
      return path;
    }),
  );
  const duals = async (name: string, order: string[]) => {
    const directory = join(folder, name);
    await runBalance(settings(order, directory));
    return readJson<{ labels: string[]; w: number[]; mu: number; rate: number }>(directory, 'duals.json');
  };
  const [a, b] = [
    await duals('a', files),
    await duals(
      'b',
      [3, 0, 4, 2, 1].map((i) => files[i]!),
    ),
  ];
  assert.deepEqual(a.labels, b.labels);
  for (const [i, w] of a.w.entries()) assert.ok(Math.abs(w - b.w[i]!) <= 1e-9, `w[${i}]: ${w} and ${b.w[i]}`);
  assert.ok(Math.abs(a.mu - b.mu) <= 1e-9);
  assert.ok(Math.abs(a.rate - b.rate) <= 1e-9);
});

for (const fit of ['stream', 'online']) {
  test(`fit ${fit} gives the same bytes again`, async (t) => {
    const balance = { fit, rate: 0.3, streams: 2, tolerance: {} };
    const [first, second] = [scratch(t), scratch(t)];
    const expected = promised(await cutRun(t, first, 'seven files', balance));
    assert.deepEqual(promised(await cutRun(t, second, 'seven files', balance)), expected);
  });
}
