import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataChannelOptions, openDataChannel } from '../../beam/data-channel.js';
import { bytesCoder, DoFn, registerDoFn } from '../../beam/index.js';
import { Worker } from '../../beam/worker.js';
import { numberCoder, sleep } from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';

const MESSAGES = 100;
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

/** A bundle that emits MESSAGES MiB to a runner that takes nothing. */
async function heldBundle() {
  made = 0;
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
  const check = async () => {
    const { error, outputs } = await done;
    assert.equal(error, '');
    assert.deepEqual(
      outputs.map((bytes: Uint8Array) => bytes[0]),
      Array.from({ length: MESSAGES }, (_, i) => i % 256),
    );
    worker.stop();
    await worker.wait();
    runner.stop();
  };
  return { runner, check };
}

test('a runner that does not take what a stage emits holds the stage back, and gets all of it in the end', async () => {
  const { runner, check } = await heldBundle();
  for (let before = -1; before < made; await sleep(300)) before = made;
  assert.ok(made < MESSAGES, `${made} of ${MESSAGES} MiB were made while nobody took them`);
  runner.data.resume();
  await check();
});

test('a runner that takes the outputs of a bundle only when it has ended, as Flink does', async () => {
  const { runner, check } = await heldBundle();
  runner.control.once('data', () => runner.data.resume());
  await check();
  assert.equal(made, MESSAGES);
});

test('a sender gives up when nothing is taken and more waits than a worker may hold', async () => {
  const runner = await new MiniRunner().start();
  const limits = { patienceMs: 20, maxUnsentBytes: 40 << 20, giveUpMs: 100 };
  const options: DataChannelOptions = { workerId: 'w', failed: new Set(), onEnd: () => undefined, limits };
  const channel = openDataChannel(runner.url, options);
  await runner.dataConnected.promise;
  runner.data.pause();
  let sent = 0;
  const flood = async () => {
    for (; sent < MESSAGES; sent++) await channel.send('b', 'sink', new Uint8Array(1 << 20));
  };
  await assert.rejects(
    flood,
    /took no outputs for 0.1 s, and a worker holds at most 40 MiB of them: raise the parallelism/,
  );
  assert.ok(sent > 40 && sent < 80, `${sent} MiB`);
  channel.close();
  runner.stop();
});
