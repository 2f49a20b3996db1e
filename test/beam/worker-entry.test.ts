import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import { kvCoder, stringCoder } from '../../beam/index.js';
import { parseWorkerFlags } from '../../beam/worker-start.js';
import * as fns from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';

const entry = fileURLToPath(new URL('../../beam/worker-entry.js', import.meta.url));
/** The test's DoFns: where this package is not installed, a worker finds them by their file. */
const modules = [new URL('./fns.js', import.meta.url).href];

interface Started {
  readonly child: ChildProcess;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string | null>;
  /** What it wrote so far. */
  output(): string;
}

function start(...flags: string[]): Started {
  const child = spawn(process.execPath, [entry, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream!.on('data', (text) => {
      output += text;
    });
  }
  const exited = new Promise<number | string | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  return { child, exited, output: () => output };
}

/** Fails the test if the worker exits before `condition`. */
async function before<T>(condition: Promise<T>, { exited, output }: Started): Promise<T> {
  const early = exited.then((code) => assert.fail(`the worker exited with ${code}: ${output()}`));
  return Promise.race([condition, early]);
}

for (const nested of [false, true]) {
  test(`provision, log, state, and exit 0 when the runner hangs up (options nested as in Dataflow: ${nested})`, async () => {
    const runner = await new MiniRunner().start();
    const options = {
      'beam:option:registered_node_modules:v1': ['apache-beam/values', 'm4-balance/beam/index', ...modules],
    };
    runner.provisionInfo.pipelineOptions = Struct.fromJson(nested ? { options } : options);
    const worker = start("--id='w7'", `--provision_endpoint=${runner.url}`, '--some_new_flag=1');
    await before(runner.connected.promise, worker);
    assert.deepEqual(runner.workerIds, ['w7'], 'without the quotes');
    const stage = stageOf(
      runner,
      'learn',
      kvCoder(fns.numberCoder),
      (input) => input.parDo('learn', fns.learner({ dim: 2 }), { coder: stringCoder }),
      { lengthPrefixKeys: true },
    );
    const pair = (value: number) => ({ key: 'a', value });
    const first = await before(runner.runBundle(stage, [[pair(1), pair(2)]]), worker);
    assert.equal(first.error, '');
    assert.deepEqual(first.outputs, ['a:1:2:1', 'a:3:6:2']);
    const second = await before(runner.runBundle(stage, [[pair(5)]]), worker);
    assert.deepEqual(second.outputs, ['a:8:16:3']);
    assert.deepEqual(new Set(runner.descriptorCallers), new Set(['w7']), 'unary calls say who calls');
    runner.control.end();
    assert.equal(await worker.exited, 0, worker.output());
    assert.ok(
      runner.logs.some((line) => /^worker w7 is up: 3 modules, 0 siblings$/.test(line)),
      runner.logs.join('\n'),
    );
    runner.stop();
  });
}

test('a module that is missing: exit 1, with its name on stderr and in the log of the runner', async () => {
  const runner = await new MiniRunner().start();
  runner.provisionInfo.pipelineOptions = Struct.fromJson({ registeredNodeModules: ['no-such-module/x'] });
  const worker = start('--id=w8', `--provision_endpoint=${runner.url}`);
  assert.equal(await worker.exited, 1);
  const message = /cannot import the registered module "no-such-module\/x"/;
  assert.match(worker.output(), message);
  assert.ok(runner.logs.some((line) => message.test(line)));
  runner.stop();
});

test('siblings are processes of their own; the worker ends with them', async () => {
  const runner = await new MiniRunner().start();
  runner.provisionInfo = {
    ...runner.provisionInfo,
    siblingWorkerIds: ['s1', 's2'],
    pipelineOptions: Struct.fromJson({}),
  };
  const all = new Promise<void>((resolve) => {
    runner.onWorker = () => {
      if (runner.workerIds.length === 3) resolve();
    };
  });
  const worker = start('--id=w9', `--provision_endpoint=${runner.url}`);
  await before(all, worker);
  assert.deepEqual([...runner.workerIds].sort(), ['s1', 's2', 'w9']);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.exited, 0, worker.output());
  runner.stop();
});

test('flags that do not say enough are named', async () => {
  const nameless = start('--control_endpoint=localhost:1');
  assert.equal(await nameless.exited, 1);
  assert.match(nameless.output(), /--id is required/);
  const lost = start('--id=1');
  assert.equal(await lost.exited, 1);
  assert.match(lost.output(), /no control endpoint: give --provision_endpoint or --control_endpoint/);
});

test('flags: unknown ones pass, quotes go', () => {
  const flags = parseWorkerFlags([
    "--id='a b'",
    '--control_endpoint="h:1"',
    '--options={"a":"\'b\'"}',
    '--new',
    '--x=1',
  ]);
  assert.deepEqual(flags, { id: 'a b', control_endpoint: 'h:1', options: '{"a":"\'b\'"}' });
});
