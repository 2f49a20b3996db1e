/** `publish`, and publishing at the end of a run, as the command line alone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { runCommandLine } from '../../cli/command-line.js';
import type { Job } from '../../cli/job.js';
import { PublishError, ServiceError } from '../../schemas/errors.js';
import { fakeJob } from './fake-job.js';

const folder = mkdtempSync(join(tmpdir(), 'm4-cli-'));
after(() => rmSync(folder, { recursive: true }));

async function run(args: readonly string[], job: Job) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await runCommandLine(args, { stdout, stderr }, async () => job);
  return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const BALANCE = ['balance', '--input', 'x', '--output', 'out', '--attributes', '{a: {column: a}}', '--quiet'];
const DEFAULTS = { dataset: 'd', location: 'US', prefix: '', weights: false };

describe('publish', () => {
  test('without more loads to where the output itself tells', async () => {
    const job = fakeJob();
    const { status, stdout } = await run(['publish', 'out', '--quiet'], job);
    assert.equal(status, 0);
    assert.deepEqual(job.published, [{ directory: 'out', bigquery: undefined }]);
    assert.match(stdout, /: 1 rows of runs, 1,200 rows of moments\n$/);
  });

  test('takes the section of a configuration, and flags before its keys', async () => {
    const file = join(folder, 'job.yaml');
    writeFileSync(file, 'input: {files: x}\nbigquery: {dataset: other, name: web}\n');
    const job = fakeJob();
    await run(['publish', 'out', '--config', file, '--bigquery.dataset', 'd', '--quiet'], job);
    assert.deepEqual(job.published, [{ directory: 'out', bigquery: { ...DEFAULTS, name: 'web' } }]);
  });

  test('tells what was loaded as an event', async () => {
    const { stdout } = await run(['publish', 'out', '--bigquery.dataset', 'd', '--json'], fakeJob());
    const event = {
      event: 'published',
      directory: 'out',
      target: 'p.d',
      rows: { runs: 1, moments: 1200 },
      alreadyDone: false,
    };
    assert.deepEqual(JSON.parse(stdout), event);
  });

  const refused: readonly [args: readonly string[], sentence: RegExp][] = [
    [[], /expected the output directory of a run, got nothing/],
    [['out', 'more'], /more: expected no more arguments/],
    [['out', '--bigquery.prefix', 'm4_'], /bigquery\.dataset: expected the name of a BigQuery dataset.*, got nothing/],
    [['out', '--bigquery.dataset', 'a`; DROP'], /bigquery\.dataset: expected the name of a BigQuery dataset/],
    [
      ['out', '--bigquery.dataset', 'd', '--bigquery.endpoint', 'http://h:1'],
      /bigquery\.project: expected the project/,
    ],
    [['out', '--balance.rate', '1'], /--balance\.rate: expected a flag of publish/],
  ];
  for (const [args, sentence] of refused) {
    test(`refuses ${args.join(' ') || 'nothing'}`, async () => {
      const { status, stderr } = await run(['publish', ...args], fakeJob());
      assert.equal(status, 2);
      assert.match(stderr, sentence);
    });
  }
});

describe('a run', () => {
  test('is published where its configuration says so, and only there', async () => {
    const job = fakeJob();
    assert.equal((await run([...BALANCE, '--bigquery.dataset', 'd'], job)).status, 0);
    await run(BALANCE, job);
    assert.deepEqual(job.published, [{ directory: 'out', bigquery: DEFAULTS }]);
  });

  test('that could not be published has told its result, and ends with a code of its own', async () => {
    const job = fakeJob();
    job.publishRun = async (directory) => {
      throw new PublishError(directory, 'BigQuery: no.');
    };
    const { status, stdout, stderr } = await run([...BALANCE, '--bigquery.dataset', 'd'], job);
    assert.equal(status, 9);
    assert.match(stdout, /^table of/);
    assert.match(
      stderr,
      /^m4-balance: the output is complete at out; publishing it failed: BigQuery: no\. Nothing is lost: m4-balance publish out loads it again\.$/m,
    );
  });

  test('whose table cannot be read ends with another', async () => {
    const job = fakeJob(() => {
      throw new ServiceError('BigQuery', { file: 'p.d.t', expected: 'a table', got: 'Quota exceeded' });
    });
    assert.equal((await run(BALANCE, job)).status, 8);
  });

  test('is refused where the weights are not what BigQuery loads', async () => {
    const args = ['--bigquery.dataset', 'd', '--bigquery.weights', '--output.weights', 'arrow'];
    const { status, stderr } = await run([...BALANCE, ...args], fakeJob());
    assert.equal(status, 2);
    assert.match(stderr, /bigquery\.weights: expected output\.weights to be parquet/);
  });
});
