/** The whole main job on a real Prism, on real captions: the same files, byte for byte, and the same counters as on the direct runner. */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Progress } from '../../pipelines/index.js';
import { runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { readOutput } from '../end-to-end/outputs.js';
import { digests, scratch } from '../end-to-end/scratch.js';
import { needs, sharedPath } from '../shared.js';

const CAPTIONS = 'data/pairs/coco_val2017_captions.parquet';
const prism = resolve(process.env.PRISM ?? '.runners/bin/prism');
const { skip } = needs(CAPTIONS);
const options = {
  skip: skip || (existsSync(prism) ? false : `no Prism at ${prism}: node scripts/runners/install-prism.mjs`),
  timeout: 10 * 60_000,
};

interface Outcome {
  /** File: digest. */
  readonly files: Record<string, string>;
  /** Phase: its last counters. */
  readonly counters: Record<string, Record<string, number>>;
}

/** Runs the job in `folder`, always into the same output directory, as that is a part of the report; leaves nothing there. */
async function outcomeOf(
  folder: string,
  name: string,
  { output, ...job }: { readonly output?: object; readonly [key: string]: unknown },
  runner: object,
): Promise<Outcome> {
  const counters: Outcome['counters'] = {};
  const directory = join(folder, 'out');
  const onProgress = (progress: Progress) => {
    counters[progress.phase] = Object.fromEntries([...progress.counters].sort());
  };
  const config = parseConfig({
    ...job,
    output: { directory, shardRows: 3_000, formats: ['parquet', 'arrow'], ...output },
    runner,
  });
  const { alreadyDone } = await runBalance(config, { onProgress });
  assert.equal(alreadyDone, false);
  assert.ok(!existsSync(`${directory}.partial`));
  renameSync(directory, join(folder, name));
  return { files: digests(join(folder, name)), counters };
}

const base = {
  attributes: { female: { lexicon: 'gender', value: 'female', target: 0.5 } },
  labels: [{ lexicon: 'occupations' }],
};
const tolerance = { representation: 0.01, association: 0.001 };
const JOBS: readonly [name: string, job: object][] = [
  [
    'two passes, exact, with filters that see the whole input',
    {
      ...base,
      filters: [{ words: { minimum: 3 } }, { unique: {} }, { near: { similarity: 0.6, shingle: 2 } }],
      balance: { rate: 'auto', tolerance },
    },
  ],
  [
    'two passes, stream, shuffled',
    { ...base, balance: { rate: 0.5, tolerance, fit: 'stream' }, output: { shuffle: 'global' } },
  ],
  ['one pass, online', { ...base, balance: { rate: 0.5, tolerance, fit: 'online' } }],
];

for (const [name, job] of JOBS) {
  test(`${name}: the same on Prism as on the direct runner`, options, async (t) => {
    const folder = scratch(t);
    const input = { files: 'captions/*.parquet' };
    mkdirSync(join(folder, 'captions'));
    cpSync(sharedPath(CAPTIONS), join(folder, 'captions', 'a.parquet'), { preserveTimestamps: true });
    // Workers of the process environment work in another folder than the one that the input's path is relative to.
    const elsewhere = join(folder, 'worker');
    const entry = fileURLToPath(new URL('../../beam/worker-entry.js', import.meta.url));
    writeFileSync(elsewhere, `#!/bin/sh\ncd / && exec "${process.execPath}" "${entry}" "$@"\n`);
    chmodSync(elsewhere, 0o755);
    const before = process.cwd();
    t.after(() => process.chdir(before));
    process.chdir(folder);

    const direct = await outcomeOf(folder, 'direct', { input, ...job }, {});
    assert.ok(Object.keys(direct.files).length > 10);
    if ('filters' in job) {
      const { dropped } = readOutput(join(folder, 'direct')).report.rows;
      assert.ok(dropped['near: duplicate']! > 0, JSON.stringify(dropped));
    }
    const counted = Object.values(direct.counters);
    assert.ok(counted.length > 0 && counted.every(({ rows }) => rows! > 0), JSON.stringify(direct.counters));
    for (const [environment, runner] of Object.entries({
      external: { environment: 'external' },
      'external-processes': { environment: 'external', parallelism: 2 },
      process: { environment: 'process' },
      'process-elsewhere': { environment: 'process', workerCommand: elsewhere },
    })) {
      const config = { name: 'prism', prism, timeout: 120, ...runner };
      const outcome = await outcomeOf(folder, environment, { input, ...job }, config);
      assert.deepEqual(outcome.files, direct.files, environment);
      assert.deepEqual(outcome.counters, direct.counters, environment);
    }
  });
}
