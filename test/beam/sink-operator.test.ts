import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesCoder, DoFn, registerDoFn } from '../../beam/index.js';
import { Worker } from '../../beam/worker.js';
import { numberCoder, sleep } from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';

const MESSAGES = 200;
let made = 0;

class Mebibytes extends DoFn<number, Uint8Array> {
  *process(n: number) {
    for (let i = 0; i < n; i++) {
      made++;
      yield new Uint8Array(1 << 20).fill(i);
    }
  }
}
const mebibytes = registerDoFn('test:mebibytes', (_: null) => new Mebibytes());

test('a runner that does not take what a stage emits holds the stage back, and gets all of it in the end', async () => {
  const runner = await new MiniRunner().start();
  const worker = new Worker('w', { controlUrl: runner.url });
  await runner.connected.promise;
  const stage = stageOf(runner, 'emit', numberCoder, (input) =>
    input.parDo('emit', mebibytes(null), { coder: bytesCoder }),
  );
  const done = runner.runBundle(stage, [[MESSAGES]], { open: true, instructionId: 'held' });
  await runner.dataConnected.promise;
  runner.data.pause();
  await runner.sendData('held', new Uint8Array(), true);
  for (let before = -1; before < made; await sleep(300)) before = made;
  assert.ok(made < MESSAGES, `${made} of ${MESSAGES} MiB were made while nobody took them`);
  runner.data.resume();
  const { error, outputs } = await done;
  assert.equal(error, '');
  assert.deepEqual(
    outputs.map((bytes: Uint8Array) => bytes[0]),
    Array.from({ length: MESSAGES }, (_, i) => i % 256),
  );
  worker.stop();
  await worker.wait();
  runner.stop();
});
