/** The dry run of a job on Dataflow, with the real command: what it prints, and how it ends. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { demoBatch } from '../../scripts/demo-data.js';
import { run } from './command.js';
import { saveParquet } from './inputs.js';
import { scratch } from './scratch.js';

async function job(t: TestContext): Promise<{ readonly path: string; readonly output: string }> {
  const folder = scratch(t);
  const files = join(folder, 'pairs.parquet');
  const output = join(folder, 'out');
  const path = join(folder, 'job.yaml');
  await saveParquet(files, demoBatch(1, 0, 50));
  writeFileSync(
    path,
    JSON.stringify({
      input: { files },
      attributes: { female: { lexicon: 'gender', value: 'female' } },
      output: { directory: output },
      runner: { tempLocation: 'gs://a-bucket/temp', region: 'europe-west4', maxWorkers: 3 },
    }),
  );
  return { path, output };
}

const FLAGS = [
  '--runner',
  'dataflow',
  '--project',
  'a-project',
  '--image',
  'gcr.io/a-project/m4-balance:1',
  '--fit',
  'stream',
  '--rate',
  '0.5',
];

test('as text: environment, options, steps; local paths last, and exit code 2', async (t) => {
  const { path, output } = await job(t);
  const { code, stdout, stderr } = await run(['balance', path, ...FLAGS, '--dry-run']);
  assert.equal(stderr, '');
  assert.match(stdout, /^runner: dataflow$/m);
  assert.match(stdout, /^ {2}environment: beam:env:docker:v1 {2}gcr\.io\/a-project\/m4-balance:1 {2}/m);
  assert.match(stdout, /^ {4}max_num_workers: 3$/m);
  assert.match(stdout, /^ {4}stream: M4 {2}beam:transform:pardo:v1 .*state: stream \(bag\) {2}after "stream: tag"$/m);
  assert.match(stdout, /this cannot be run as it is:\n {2}input\.files: .*\n {2}output\.directory: .*\n$/);
  assert.equal(code, 2);
  assert.ok(!existsSync(`${output}.partial`), 'nothing is written');
});

test('as JSON, whole', async (t) => {
  const { path } = await job(t);
  const { code, stdout } = await run(['balance', path, ...FLAGS, '--dry-run', '--json']);
  const { event, submission } = JSON.parse(stdout);
  assert.equal(event, 'plan');
  assert.equal(submission.runner, 'dataflow');
  assert.equal(submission.jobs.length, 4);
  assert.equal(submission.problems.length, 2);
  assert.equal(code, 2);
});

test('a run is refused with the same sentences; a mistake in a value before that', async (t) => {
  const { path, output } = await job(t);
  const refused = await run(['balance', path, ...FLAGS]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /input\.files: .* Workers on Dataflow have no access to this machine's files\./);
  const zone = await run(['balance', path, ...FLAGS, '--region', 'europe-west4-b', '--dry-run']);
  assert.equal(zone.code, 2);
  assert.match(
    zone.stderr,
    /runner\.region: expected a region, got the zone "europe-west4-b"\. Did you mean europe-west4\?/,
  );
  assert.ok(!existsSync(`${output}.partial`));
});
