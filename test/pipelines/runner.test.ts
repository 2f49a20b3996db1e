import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { JobError } from '../../beam/index.js';
import { exitCodeOf } from '../../cli/exit-codes.js';
import { runBalance } from '../../pipelines/index.js';
import { jobNameOf } from '../../pipelines/phase.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { filesBelow, scratch } from '../end-to-end/scratch.js';

async function runOn(folder: string, runner: object): Promise<unknown> {
  const files = join(folder, 'a.parquet');
  await saveParquet(files, demoBatch(1, 0, 200));
  const output = { directory: join(folder, 'out') };
  const attributes = { female: { lexicon: 'gender', value: 'female' } };
  return runBalance(parseConfig({ input: { files }, attributes, balance: { rate: 0.3 }, output, runner }));
}

test('a job service that is not there is named, and nothing is published', async (t) => {
  const folder = scratch(t);
  const error = await runOn(folder, { name: 'portable', endpoint: 'localhost:1' }).catch((e: unknown) => e);
  assert.ok(error instanceof JobError);
  assert.match(error.message, /^portable: the job service at localhost:1 fails \(UNAVAILABLE\): .*ECONNREFUSED/);
  assert.equal(exitCodeOf(error), 6);
  assert.ok(!existsSync(join(folder, 'out')));
});

test('a Prism that is none is named, with the command that installs it, before anything is written', async (t) => {
  const folder = scratch(t);
  const prism = join(folder, 'no-prism');
  await assert.rejects(runOn(folder, { name: 'prism', prism }), {
    name: 'ConfigError',
    issues: [
      `runner.prism: expected a program, got ${prism}, which is none. Install it: node scripts/runners/install-prism.mjs`,
    ],
  });
  assert.deepEqual(filesBelow(folder), ['a.parquet']);
});

test('a program that is no Prism is named with what it said', async (t) => {
  await assert.rejects(
    runOn(scratch(t), { name: 'prism', prism: process.execPath }),
    /^Error: prism \(.*\) does not start: .*bad option: --job_port/,
  );
});

test('an error of a worker has the exit code that it would have had in this process', () => {
  const failed = (thrown: string) => exitCodeOf(new JobError('x ended', [`failed: ${thrown} [in transform "a"]`]));
  assert.equal(failed('InputError: b'), 3);
  assert.equal(failed('StorageError: write: a: expected room, got no space left on the device.'), 5);
  assert.equal(failed('ConfigError: b'), 2);
  assert.equal(failed('Error: ENOSPC: no space left on device, write'), 5);
  assert.equal(failed('TypeError: b'), 1);
  assert.equal(exitCodeOf(new JobError('x ended', ['the cluster is full'])), 6);
});

test('the name of a job has letters, digits and dashes, and is the same for the same phase of the same run', () => {
  assert.equal(jobNameOf('0123abcd', 'filter-1_Scores.2'), 'm4-balance-0123abcd-filter-1-scores-2');
});
