/** What a user reads when the real Dataflow job service cannot submit a job. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type * as z from 'zod';
import { impulse, type Root } from '../../beam/index.js';
import { JobError } from '../../beam/job-error.js';
import { openDataflow } from '../../beam/runners/dataflow.js';
import {
  type DataflowService,
  type DataflowServiceOptions,
  defaultVenv,
  PYTHON_SDK,
  pythonOf,
  startDataflowService,
} from '../../beam/runners/dataflow-service.js';
import { ConfigError } from '../../schemas/errors.js';
import { runnerSchema } from '../../schemas/runner.js';
import * as fns from '../beam/fns.js';
import { closedEnvironment, startClosedService } from './closed-dataflow.js';

const venv = defaultVenv();
const skip = existsSync(pythonOf(venv))
  ? false
  : `no Beam SDK in ${venv}: node scripts/runners/install-python.mjs installs it`;

const home = mkdtempSync(join(tmpdir(), 'm4-balance-dataflow-errors-'));
let service: DataflowService | undefined;
before(async () => {
  if (skip === false) service = await startClosedService(home);
});
after(async () => {
  await service?.close();
  rmSync(home, { recursive: true, force: true });
});

const build = (root: Root) => {
  impulse(root).parDo('range', fns.range({ n: 3 }), { coder: fns.numberCoder });
};
/** A runner that reaches the service, or another one. */
const open = (change: Partial<z.input<typeof runnerSchema>> = {}, options: DataflowServiceOptions = {}) =>
  openDataflow(
    runnerSchema.parse({
      name: 'dataflow',
      project: 'a-project',
      region: 'us-central1',
      image: 'host/image:1',
      tempLocation: 'gs://a-bucket/temp',
      endpoint: service!.endpoint,
      ...change,
    }),
    options,
  );
/** A job that is given up is given up long before. */
const JOB_MS = 60_000;
const job = { jobName: 'errors', signal: AbortSignal.timeout(JOB_MS) };

async function refusal(...change: Parameters<typeof open>): Promise<ConfigError> {
  const runner = await open(...change);
  try {
    await runner.run(build, job);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.issues.length, 1);
    return error;
  } finally {
    await runner.close();
  }
  return assert.fail('the job was accepted');
}

test('no credentials: told at once, where the service would try for half a minute', { skip }, async () => {
  const began = performance.now();
  const error = await refusal();
  assert.match(error.message, /^Dataflow: Google Cloud: the job service found no credentials\. Log in with `gcloud/);
  assert.ok(performance.now() - began < 15_000, `${performance.now() - began} ms`);
});

test('required options that are missing are named as the configuration has them', { skip }, async () => {
  const error = await refusal({ project: undefined, tempLocation: undefined });
  assert.match(
    error.message,
    /^Dataflow: Dataflow needs runner\.project, runner\.tempLocation, and they are not given\.$/,
  );
});

test('a service without the packages of Google Cloud', { skip }, async (t) => {
  // What a virtual environment without the gcp extra does when they are imported.
  const folder = join(home, 'without-gcp');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'sitecustomize.py'),
    [
      'import sys',
      'class Absent:',
      '  def find_spec(self, name, path=None, target=None):',
      "    if name == 'google.cloud' or name.startswith('google.cloud.'): raise ImportError(name)",
      'sys.meta_path.insert(0, Absent())',
    ].join('\n'),
  );
  const bare = await startClosedService(home, { PYTHONPATH: folder });
  t.after(() => bare.close());
  const error = await refusal({ endpoint: bare.endpoint });
  assert.match(
    error.message,
    /the job service lacks the packages of Google Cloud: pip install 'apache-beam\[gcp\]==2\.77\.0'/,
  );
});

test('a pipeline that the service refuses: the last line of the traceback, not the traceback', { skip }, async () => {
  const runner = await open({ options: { noAuth: true, experiments: ['pre_optimize=nonsense'] } });
  await assert.rejects(runner.run(build, job), (error) => {
    assert.ok(error instanceof JobError);
    assert.match(error.message, /^Dataflow: ValueError: Unknown or inapplicable phase for pre_optimize: nonsense$/);
    assert.match((error.cause as JobError).details, /Traceback/);
    return true;
  });
});

test('Ctrl-C before the service has a job: the signal, and nothing that hangs', { skip }, async () => {
  const controller = new AbortController();
  const runner = await open({ options: { noAuth: true } });
  const reason = new Error('Ctrl-C');
  setTimeout(() => controller.abort(reason), 300);
  await assert.rejects(runner.run(build, { jobName: 'c', signal: controller.signal }), (error) => error === reason);
});

/** Options of a job that is written to a folder. */
const template = (name: string) => {
  const folder = join(home, name);
  mkdirSync(folder);
  return { tempLocation: folder, templateLocation: join(folder, 'template.json'), options: { noAuth: true } };
};

test('without an endpoint the service is started for the first job and ended with the runner', { skip }, async () => {
  const config = { ...template('started'), endpoint: undefined };
  const runner = await open(config, { env: closedEnvironment(home) });
  await runner.run(build, job);
  await runner.run(build, { ...job, jobName: 'again' });
  assert.ok(existsSync(config.templateLocation));
  await runner.close();
});

test('whole numbers: the service as the SDK starts it fails on them, which is told; ours takes them', {
  skip,
}, async (t) => {
  const stock = spawn(pythonOf(venv), ['-m', 'apache_beam.runners.dataflow.dataflow_job_service', '--port=0'], {
    env: closedEnvironment(home),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => stock.kill());
  const port = await new Promise<string>((found) => {
    let output = '';
    stock.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
      const match = /beam jobs on port (\d+)/.exec(output);
      if (match !== null) found(match[1]);
    });
  });
  const options = { ...template('numbers'), maxWorkers: 7 };
  const error = await refusal({ ...options, endpoint: `localhost:${port}` });
  assert.match(error.message, /cannot take whole numbers \(max_num_workers 7\).*leave out runner\.endpoint/);
  await (await open(options)).run(build, job);
  const { environment } = JSON.parse(readFileSync(options.templateLocation, 'utf8'));
  assert.equal(environment.workerPools[0].autoscalingSettings.maxNumWorkers, 7);
});

/** A virtual environment whose Python is this script. */
function fakeVenv(t: Pick<TestContext, 'after'>, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-venv-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'python'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

test('no virtual environment: what installs one', async () => {
  await assert.rejects(
    startDataflowService({ venv: join(home, 'nowhere') }),
    /needs Beam's Python SDK, and there is no .*nowhere.bin.python: install it with\n {2}python3 -m venv .* && .*pip install 'apache-beam\[gcp\]==2\.77\.0'\n.*BEAM_VENV.*runner\.endpoint/s,
  );
});

test('a virtual environment without Beam, with another release, or that breaks', async (t) => {
  const says = (text: string) => `echo "${text}" >&2`;
  await assert.rejects(
    startDataflowService({
      venv: fakeVenv(t, `${says("ModuleNotFoundError: No module named 'apache_beam'")}; exit 1`),
    }),
    /holds no Beam SDK: install it with/,
  );
  const old = `${says('apache-beam 2.60.0')}; ${says('Listening for beam jobs on port 4711.')}; exec sleep 60`;
  await assert.rejects(startDataflowService({ venv: fakeVenv(t, old) }), /expected apache-beam 2\.77\.0, got 2\.60\.0/);
  await assert.rejects(
    startDataflowService({ venv: fakeVenv(t, `${says('Segmentation fault')}; exit 139`) }),
    /ended with 139:\nSegmentation fault$/,
  );
});

test('the installer installs the release that the runner expects, where it looks for it', async () => {
  const { PYTHON_BEAM_VERSION, findPython } = await import(
    new URL('../../../scripts/runners/install-python.mjs', import.meta.url).href
  );
  assert.equal(PYTHON_SDK, `apache-beam[gcp]==${PYTHON_BEAM_VERSION}`);
  const found = findPython();
  if (found !== undefined) assert.equal(resolve(pythonOf(venv)), resolve(found));
});
