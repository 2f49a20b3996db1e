import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { planBalance, runBalance, type SubmissionSummary } from '../../pipelines/index.js';
import { ConfigError } from '../../schemas/errors.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { scratch } from '../end-to-end/scratch.js';

const DATAFLOW = {
  name: 'dataflow',
  project: 'a-project',
  region: 'europe-west4',
  tempLocation: 'gs://a-bucket/temp',
  image: 'host/m4-balance:1',
  maxWorkers: 10,
  labels: { team: 'data' },
  options: { diskSizeGb: 50 },
};

async function configOn(t: TestContext, runner: object, change: Record<string, unknown> = {}) {
  const folder = scratch(t);
  const files = join(folder, 'pairs.parquet');
  await saveParquet(files, demoBatch(1, 0, 50));
  return parseConfig({
    input: { files },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    output: { directory: join(folder, 'out') },
    runner,
    ...change,
  });
}

async function submissionOn(...args: Parameters<typeof configOn>): Promise<SubmissionSummary> {
  const { submission } = await planBalance(await configOn(...args));
  return submission ?? assert.fail('nothing is submitted');
}

const phases = ({ jobs }: SubmissionSummary) => jobs.map(({ phase }) => phase);
const step = ({ jobs }: SubmissionSummary, phase: string, name: string) =>
  jobs.find((job) => job.phase === phase)?.steps.find((s) => s.name === name) ?? assert.fail(`no ${name} in ${phase}`);

test('the direct runner is sent nothing', async (t) => {
  assert.equal((await planBalance(await configOn(t, {}))).submission, undefined);
});

test('Dataflow: each job, its options, and the container of its workers', async (t) => {
  const submission = await submissionOn(t, DATAFLOW);
  assert.deepEqual(phases(submission), ['counts', 'calibration-1', 'written']);
  for (const { jobName, phase, environments, options } of submission.jobs) {
    assert.match(jobName, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
    assert.ok(jobName.endsWith(phase));
    assert.deepEqual(environments, [
      {
        urn: 'beam:env:docker:v1',
        workers: 'host/m4-balance:1',
        capabilities: ['beam:coder:interval_window:v1', 'beam:protocol:sibling_workers:v1'],
        dependencies: 0,
      },
    ]);
    assert.deepEqual(options, {
      runner: 'DataflowRunner',
      project: 'a-project',
      region: 'europe-west4',
      temp_location: 'gs://a-bucket/temp',
      staging_location: 'gs://a-bucket/temp',
      sdk_container_image: 'host/m4-balance:1',
      max_num_workers: 10,
      labels: ['team=data'],
      disk_size_gb: 50,
      job_name: jobName,
      registered_node_modules: ['m4-balance/pipelines/index'],
    });
  }
});

test('steps: what they are, what they read, their state', async (t) => {
  const submission = await submissionOn(t, DATAFLOW);
  assert.deepEqual(step(submission, 'counts', 'count'), {
    name: 'count',
    urn: 'beam:transform:pardo:v1',
    doFn: 'm4-balance.count',
    after: ['count: spread/drop keys'],
    sideInputs: {},
    state: {},
  });
  assert.deepEqual(step(submission, 'counts', 'counts: with seed').after, ['counts: key', 'counts: seed']);
  assert.equal(step(submission, 'counts', 'counts: group').urn, 'beam:transform:group_by_key:v1');
});

test('the stream fit: a pass of its own, with state', async (t) => {
  const submission = await submissionOn(t, DATAFLOW, { balance: { fit: 'stream', rate: 0.5 } });
  assert.deepEqual(phases(submission), ['counts', 'streams', 'calibration-1', 'written']);
  assert.deepEqual(step(submission, 'streams', 'stream: M4').state, { stream: 'bag' });
  const streams = submission.jobs.find(({ phase }) => phase === 'streams')!;
  assert.deepEqual(streams.requirements, ['beam:requirement:pardo:stateful:v1']);
});

test('the phases that a configuration needs', async (t) => {
  const online = await submissionOn(t, DATAFLOW, { balance: { fit: 'online', rate: 0.5 } });
  assert.deepEqual(phases(online), ['online']);
  assert.deepEqual(step(online, 'online', 'online: M4').state, { stream: 'bag' });
  const exact = await submissionOn(t, DATAFLOW, {
    balance: { fit: 'exact' },
    filters: [{ similarity: { column: 'clip_l14_similarity_score', fraction: 0.5 } }, { unique: {} }],
  });
  assert.equal(exact.jobs.length, 4, 'a threshold, duplicates, count, write');
  assert.ok(exact.jobs[1].steps.some(({ name }) => name === 'filter-1: by key'));
  const near = await submissionOn(t, DATAFLOW, { balance: { fit: 'exact' }, filters: [{ near: {} }] });
  assert.deepEqual(phases(near), ['filter-0', 'counts', 'written']);
  assert.deepEqual(step(near, 'filter-0', 'near: find').state, { splits: 'value', runs: 'bag' });
  assert.deepEqual(near.jobs[0]!.requirements, ['beam:requirement:pardo:stateful:v1']);
});

test('local paths: told by a dry run, refused by a run before anything is read or written', async (t) => {
  const { problems } = await submissionOn(t, DATAFLOW);
  assert.equal(problems.length, 2);
  const config = await configOn(t, DATAFLOW);
  await assert.rejects(runBalance(config), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.issues[0], /^input\.files: .* Workers on Dataflow have no access to this machine's files\.$/);
    assert.match(error.issues[1], /^output\.directory: /);
    return true;
  });
  assert.ok(!existsSync(`${config.output.directory}.partial`));
});

test('other runners: their options and where workers come from', async (t) => {
  const prism = await submissionOn(t, { name: 'prism', parallelism: 3, options: { a: [1, 'b'] } });
  assert.deepEqual(prism.problems, []);
  assert.equal(prism.jobs[0].environments[0].urn, 'beam:env:external:v1');
  assert.equal(prism.jobs[0].options.parallelism, 3);
  assert.deepEqual(prism.jobs[0].options.a, [1, 'b']);
  const flink = await submissionOn(t, {
    name: 'flink',
    endpoint: 'localhost:1',
    environment: 'process',
    workerCommand: '/opt/worker',
  });
  assert.equal(flink.jobs[0].environments[0].urn, 'beam:env:process:v1');
  assert.equal(flink.jobs[0].environments[0].workers, '/opt/worker');
});
