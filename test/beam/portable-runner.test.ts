import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobState_Enum as JobState } from 'apache-beam/proto/beam_job_api';
import { DockerPayload, ExternalPayload, ProcessPayload } from 'apache-beam/proto/beam_runner_api';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import {
  impulse,
  JobError,
  kvCoder,
  type Root,
  registerModule,
  runPortable,
  stringCoder,
  type WorkerEnvironment,
} from '../../beam/index.js';
import { BundleMetrics } from '../../beam/metrics.js';
import * as fns from './fns.js';
import { startJobService } from './job-service.js';

const { numberCoder } = fns;
registerModule('my-package/my-module');

const build = (root: Root) => {
  impulse(root)
    .parDo('range', fns.range({ n: 3 }), { coder: numberCoder })
    .parDo('key', fns.byKey({ keys: 1 }), { coder: kvCoder(numberCoder) })
    .parDo('learn', fns.learner({ dim: 1 }), { coder: stringCoder });
};

async function submitted(environment: WorkerEnvironment) {
  const service = await startJobService({ states: [JobState.DONE] });
  const pipelineOptions = { parallelism: 2, tempLocation: 'gs://x' };
  await runPortable(build, { jobEndpoint: service.url, jobName: 'name', environment, pipelineOptions });
  service.stop();
  const [request] = service.prepared;
  const environments = Object.values(request.pipeline!.components!.environments);
  assert.equal(environments.length, 1);
  return { request, environment: environments[0] };
}

test('a docker environment, with nothing to install; options in snake case, with the modules to import', async () => {
  const { request, environment } = await submitted({ docker: 'registry/image:1' });
  assert.equal(environment.urn, 'beam:env:docker:v1');
  assert.equal(DockerPayload.fromBinary(environment.payload).containerImage, 'registry/image:1');
  assert.deepEqual(environment.dependencies, []);
  assert.deepEqual(Struct.toJson(request.pipelineOptions!), {
    'beam:option:parallelism:v1': 2,
    'beam:option:temp_location:v1': 'gs://x',
    'beam:option:job_name:v1': 'name',
    'beam:option:registered_node_modules:v1': ['my-package/my-module'],
  });
  assert.deepEqual(request.pipeline!.requirements, ['beam:requirement:pardo:stateful:v1']);
});

test('a process environment', async () => {
  const { environment } = await submitted({ process: '/opt/worker.sh', env: { A: 'b' } });
  assert.equal(environment.urn, 'beam:env:process:v1');
  const { command, env } = ProcessPayload.fromBinary(environment.payload);
  assert.deepEqual({ command, env }, { command: '/opt/worker.sh', env: { A: 'b' } });
});

test('an external environment', async () => {
  const { environment } = await submitted({ external: 'localhost:5555' });
  assert.equal(environment.urn, 'beam:env:external:v1');
  assert.equal(ExternalPayload.fromBinary(environment.payload).endpoint!.url, 'localhost:5555');
});

const environment = { external: 'localhost:1' };

test('metrics that are attempted but never committed, as in Flink', async () => {
  const metrics = new BundleMetrics();
  metrics.counter('a', 'rows').value = 2 ** 40;
  metrics.counter('b', 'rows').value = 1;
  metrics.distribution('a', 'length').value = { count: 2, sum: -1, min: -3, max: 2 };
  const attempted = [...metrics.report()].map(({ info }) => info);
  const service = await startJobService({ states: [JobState.STARTING, JobState.RUNNING, JobState.DONE], attempted });
  const seen: number[] = [];
  const { counters, distributions } = await runPortable(build, {
    jobEndpoint: service.url,
    environment,
    onProgress: (live) => seen.push(live.get('rows')!),
  });
  service.stop();
  assert.deepEqual(counters, new Map([['rows', 2 ** 40 + 1]]));
  assert.deepEqual(distributions, new Map([['length', { count: 2, sum: -1, min: -3, max: 2 }]]));
  assert.deepEqual([...new Set(seen)], [2 ** 40 + 1]);
});

test('a job that fails rejects with its last messages', async () => {
  const service = await startJobService({ states: [JobState.FAILED], messages: ['boom at row 7'] });
  await assert.rejects(
    runPortable(build, { jobEndpoint: service.url, environment }),
    /^JobError: the job job ended as FAILED: boom at row 7$/,
  );
  service.stop();
});

test('a signal cancels the job', async () => {
  const service = await startJobService({ states: [JobState.RUNNING] });
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = runPortable(build, {
    jobEndpoint: service.url,
    environment,
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await assert.rejects(run, (error) => error === reason);
  service.stop();
  assert.deepEqual(service.calls.slice(-2), ['cancel', 'getState'], 'and its end is waited for');
});

test('a job that makes no progress is cancelled, and the last words of its runner are told', async () => {
  const service = await startJobService({ states: [JobState.RUNNING], messages: ['worker 1 is gone'] });
  const run = runPortable(build, { jobEndpoint: service.url, environment, stallMs: 200 });
  await assert
    .rejects(run, /^JobError: the job job made no progress for 0.2 s and was cancelled: worker 1 is gone$/)
    .finally(service.stop);
  assert.ok(service.calls.includes('cancel'));
});

test("a job that fails rejects with the worker's own error, wherever its runner put it", async () => {
  const thrown = 'InputError: input: expected rows,\ngot none [in transform "count"]\n    at f (file.js:1:2)';
  const service = await startJobService({
    states: [JobState.FAILED],
    messages: [
      'starting',
      `bundle inst7 failed: java.lang.RuntimeException: Error received from SDK harness: ${thrown}`,
    ],
  });
  const run = runPortable(build, { jobEndpoint: service.url, environment });
  const error: unknown = await run.catch((e) => e).finally(service.stop);
  assert.ok(error instanceof JobError);
  assert.equal(error.message, 'input: expected rows,\ngot none [in transform "count"]');
  assert.equal(error.thrown, 'InputError');
  assert.match(error.details, /at f \(file\.js:1:2\)/);
});

test('a staging service that answers with a status only does not hold up the job', async () => {
  const service = await startJobService({ states: [JobState.DONE], staging: true });
  await runPortable(build, { jobEndpoint: service.url, environment });
  assert.deepEqual(service.calls.slice(0, 3), ['prepare', 'staging', 'run']);
  service.stop();
});

test('a job that takes long is asked for its state every half second, a short one at once', async () => {
  const service = await startJobService({ states: [JobState.RUNNING] });
  const times: number[] = [];
  const start = performance.now();
  await assert.rejects(
    runPortable(build, {
      jobEndpoint: service.url,
      environment,
      signal: AbortSignal.timeout(6_000),
      onProgress: () => times.push(performance.now() - start),
    }),
    /timeout/,
  );
  service.stop();
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  assert.ok(Math.min(...gaps.slice(0, 3)) < 100, `${gaps}`);
  // The SDK's pauses would be a second by now, and grow to ten.
  assert.ok(Math.min(...gaps.slice(-2)) < 800, `${gaps}`);
});

test('a job service that is not there', async () => {
  const service = await startJobService({ states: [JobState.DONE] });
  service.stop();
  await assert.rejects(
    runPortable(build, { jobEndpoint: service.url, environment }),
    /ECONNREFUSED|No connection|UNAVAILABLE/,
  );
});
