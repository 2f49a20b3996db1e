import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ApiServiceDescriptor } from 'apache-beam/proto/endpoints';
import { Struct } from 'apache-beam/proto/google/protobuf/struct';
import * as fns from '../beam/fns.js';
import { MiniRunner } from '../beam/mini-runner.js';
import { poolClient } from '../beam/pool-client.js';
import { stageOf } from '../beam/stage.js';

const DIST = fileURLToPath(new URL('../../', import.meta.url));
const COMMANDS = {
  'its modules': join(DIST, 'cli', 'main.js'),
  'the bundle': join(DIST, 'bin', 'm4-balance.js'),
};
/** A run's own steps, and the test's. */
const MODULES = ['m4-balance/pipelines/index', new URL('../beam/fns.js', import.meta.url).href];

/** In the root folder, as a runner's machine may start it anywhere. */
function start(t: TestContext, main: string, ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  const onText = (text: string) => {
    output += text;
  };
  child.stdout.setEncoding('utf8').on('data', onText);
  child.stderr.setEncoding('utf8').on('data', onText);
  return { child, output: () => output };
}

async function miniRunner(t: TestContext): Promise<MiniRunner> {
  const runner = await new MiniRunner().start();
  t.after(() => runner.stop());
  runner.provisionInfo.pipelineOptions = Struct.fromJson({ 'beam:option:registered_node_modules:v1': MODULES });
  return runner;
}

async function requireBundle(runner: MiniRunner, exited: Promise<unknown>, output: () => string): Promise<void> {
  const early = exited.then((code) => assert.fail(`it exited with ${code}: ${output()}`));
  await Promise.race([runner.connected.promise, early]);
  const stage = stageOf(runner, 'add', fns.numberCoder, (input) =>
    input.parDo('add', fns.addOne(null), { coder: fns.numberCoder }),
  );
  const { error, outputs } = await runner.runBundle(stage, [[1, 2]]);
  assert.deepEqual({ error, outputs }, { error: '', outputs: [2, 3] });
}

const exitOf = (child: ChildProcess): Promise<number | null> => once(child, 'exit').then(([code]) => code);

for (const [from, main] of Object.entries(COMMANDS)) {
  describe(`from ${from}`, () => {
    test('worker serves a runner with the modules of a run, and ends with it', async (t) => {
      const runner = await miniRunner(t);
      const flags = ["--id='w1'", `--provision_endpoint=${runner.url}`, '--a_new_flag=1'];
      const { child, output } = start(t, main, 'worker', ...flags);
      const exited = exitOf(child);
      await requireBundle(runner, exited, output);
      assert.deepEqual(runner.workerIds, ['w1']);
      runner.control.end();
      assert.equal(await exited, 0, output());
    });

    test('worker-pool starts a process for each worker, and ends them with itself', async (t) => {
      for (const signal of ['SIGINT', 'SIGKILL'] as const) {
        const runner = await miniRunner(t);
        const { child, output } = start(t, main, 'worker-pool', '--port', '0');
        const exited = exitOf(child);
        while (!output().includes('\n')) await once(child.stdout!, 'data');
        const address = /^serving workers on (\S+:\d+)\n$/.exec(output())?.[1];
        assert.ok(address, output());
        const client = poolClient(address);
        const endpoint = ApiServiceDescriptor.create({ url: runner.url });
        const request = { workerId: '1-1', controlEndpoint: endpoint, provisionEndpoint: endpoint };
        assert.equal((await client.start(request)).error, '');
        client.close();
        await requireBundle(runner, exited, output);
        const workerEnded = once(runner.control, 'end');
        child.kill(signal);
        assert.equal(await exited, signal === 'SIGINT' ? 130 : null, output());
        await workerEnded;
      }
    });
  });
}

test('worker without an id, worker-pool with a port that is none: a sentence and an exit code', async (t) => {
  const main = COMMANDS['its modules'];
  const worker = start(t, main, 'worker', '--control_endpoint=localhost:1');
  assert.equal(await exitOf(worker.child), 1);
  assert.match(worker.output(), /--id is required/);
  const pool = start(t, main, 'worker-pool', '--port', 'http');
  assert.equal(await exitOf(pool.child), 2);
  assert.match(pool.output(), /--port: expected a number from 0 to 65535, got http\./);
});
