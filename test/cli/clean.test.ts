/** `clean`: what it prints, with another job and with real folders of dead, live and unknown runs. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { runCommandLine } from '../../cli/command-line.js';
import type { Job } from '../../cli/job.js';
import * as job from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { digests, filesBelow, scratch } from '../end-to-end/scratch.js';
import { fakeJob } from './fake-job.js';

async function clean(args: readonly string[], job: Job) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await runCommandLine(['clean', ...args], { stdout, stderr }, async () => job);
  return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const ATTEMPT = '0123456789abcdef-01234567';

/** What a run that was killed leaves beside `out`. */
function leave(out: string, owner: object): string {
  const partial = `${out}.partial`;
  mkdirSync(join(partial, ATTEMPT, 'work'), { recursive: true });
  writeFileSync(join(partial, 'owner.json'), JSON.stringify(owner));
  writeFileSync(join(partial, 'attempt'), ATTEMPT);
  writeFileSync(join(partial, ATTEMPT, 'work', 'counts'), 'half');
  return partial;
}

test('lists without removing, tells whose it is, and removes where it is told to', async () => {
  const listed = await clean(['gs://bucket/out'], fakeJob());
  assert.deepEqual(listed, {
    status: 0,
    stderr: '',
    stdout: [
      'gs://bucket/out.partial: an unfinished run, 3 files, 1.5 MiB',
      'process 7 of elsewhere may be at work or not: it cannot be seen from this machine',
      'clean --remove removes it; the same balance command would go on with an unfinished run',
      '',
    ].join('\n'),
  });
  const refused = await clean(['out', '--remove'], fakeJob());
  assert.equal(refused.status, 3);
  assert.match(refused.stderr, /expected what a dead run has left, got what may live/);
  assert.match((await clean(['out', '--remove', '--force'], fakeJob())).stdout, /\nremoved\n$/);
  const [event] = (await clean(['out', '--json'], fakeJob())).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([event.event, event.removed, event.leftovers.length], ['leftovers', false, 1]);
  assert.equal((await clean([], fakeJob())).status, 2);
  assert.equal((await clean(['out', '--delete'], fakeJob())).status, 2);
});

test('of a dead run: removed; of one at work: never; of another machine: with --force; a finished output stays', async (t) => {
  const folder = scratch(t);
  const out = join(folder, 'out');
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 300), 300);
  const config = {
    input: { files: join(folder, 'a.parquet') },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    balance: { rate: 0.5 },
    output: { directory: out },
  };
  await job.runBalance(parseConfig(config));
  const finished = digests(out);
  assert.match((await clean([out], job)).stdout, /nothing is left of other runs/);

  // The process that runs this one: surely alive, and not this one.
  const partial = leave(out, { pid: process.ppid, host: hostname() });
  for (const force of [[], ['--force']]) {
    const { status, stderr } = await clean([out, '--remove', ...force], job);
    assert.equal(status, 3);
    assert.match(stderr, new RegExp(`process ${process.ppid} of .*, which is at work`));
  }
  assert.equal(filesBelow(partial).length, 3);

  leave(out, { pid: process.ppid, host: 'another machine' });
  assert.match((await clean([out, '--remove'], job)).stderr, /Whether it lives cannot be seen from here/);
  assert.equal(filesBelow(partial).length, 3);
  assert.equal((await clean([out, '--remove', '--force'], job)).status, 0);
  assert.deepEqual(filesBelow(partial), []);

  leave(out, { pid: 2 ** 30, host: hostname() });
  assert.match((await clean([out], job)).stdout, /3 files.*\nprocess \d+ of .* has ended\n/);
  assert.equal(filesBelow(partial).length, 3);
  assert.equal((await clean([out, '--remove'], job)).status, 0);
  assert.deepEqual(filesBelow(partial), []);
  assert.deepEqual(digests(out), finished);
});

test('an output that a killed replacement had moved aside is put back, not removed', async (t) => {
  const folder = scratch(t);
  const out = join(folder, 'out');
  mkdirSync(out);
  writeFileSync(join(out, 'manifest.json'), '{}');
  const partial = leave(out, { pid: 2 ** 30, host: hostname() });
  renameSync(out, join(partial, ATTEMPT, 'data.replaced'));
  assert.equal((await clean([out, '--remove'], job)).status, 0);
  assert.deepEqual(filesBelow(folder), [join('out', 'manifest.json')]);
});
