import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { encodeDelimited } from '../../beam/coders.js';
import { HIGH_WATER_BYTES } from '../../beam/data-channel.js';
import { bytesCoder, DoFn, flatten, kvCoder, registerDoFn, stringCoder } from '../../beam/index.js';
import { sideInputKey } from '../../beam/state-backend.js';
import { Worker } from '../../beam/worker.js';
import * as fns from './fns.js';
import { deferred, encodeElements, MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';

const { numberCoder, probe } = fns;
const upTo = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

/** Takes an element and waits for the test to let it through. */
let gate = deferred();
let reached = deferred();
class Gated extends DoFn<any, any> {
  async process(x: any) {
    reached.resolve();
    await gate.promise;
    return [x];
  }
}
const gated = registerDoFn('test:gated', (_: null) => new Gated());

class Size extends DoFn<Uint8Array, number> {
  *process(bytes: Uint8Array) {
    yield bytes.length;
  }
}
const size = registerDoFn('test:size', (_: null) => new Size());

class Suffix extends DoFn<string, string> {
  constructor(private readonly config: string) {
    super();
  }
  *process(text: string) {
    yield text + this.config;
  }
}
const suffix = registerDoFn('test:suffix', (config: string) => new Suffix(config));

let runner: MiniRunner;
let worker: Worker;
before(async () => {
  runner = await new MiniRunner().start();
  worker = new Worker('worker 1', { controlUrl: runner.url });
  await runner.connected.promise;
});
after(async () => {
  worker.stop();
  await worker.wait();
  runner.stop();
});
beforeEach(() => {
  fns.resetProbe();
  runner.state.reset();
  gate = deferred();
  reached = deferred();
});

const gatedStage = (id: string) =>
  stageOf(runner, id, numberCoder, (input) => input.parDo('gated', gated(null), { coder: numberCoder }));

const askToSplit = (instructionId: string, elements: number) =>
  runner.request({
    oneofKind: 'processBundleSplit',
    processBundleSplit: {
      instructionId,
      desiredSplits: {
        source: { fractionOfRemainder: 0.5, allowedSplitPoints: [], estimatedInputElements: BigInt(elements) },
      },
    },
  });

test('a split in the first element: the bundle keeps half of the rest', async () => {
  const done = runner.runBundle(gatedStage('split'), [upTo(30), upTo(11, 30)], { instructionId: 'to split' });
  await reached.promise;
  const { response } = await askToSplit('to split', 41);
  assert.equal(response.oneofKind, 'processBundleSplit');
  const [split] = response.processBundleSplit.channelSplits;
  assert.deepEqual(split, { transformId: 'source', lastPrimaryElement: 20n, firstResidualElement: 21n });
  gate.resolve();
  assert.deepEqual((await done).outputs, upTo(21));
  const late = await askToSplit('to split', 41);
  assert.equal(late.error, '', 'a split that comes too late is no error');
});

test('a stateful bundle is never split', async () => {
  const stage = stageOf(runner, 'stateful', kvCoder(numberCoder), (input) =>
    input
      .parDo('gated', gated(null), { coder: kvCoder(numberCoder) })
      .parDo('learn', fns.learner({ dim: 1 }), { coder: stringCoder }),
  );
  const pairs = upTo(10).map((value) => ({ key: 'a', value }));
  const done = runner.runBundle(stage, [pairs], { instructionId: 'stateful' });
  await reached.promise;
  const { error, response } = await askToSplit('stateful', 10);
  assert.equal(error, '');
  assert.equal(response.oneofKind, 'processBundleSplit');
  assert.deepEqual(response.processBundleSplit.channelSplits, []);
  gate.resolve();
  assert.equal((await done).outputs.length, 10);
});

test('bundles of one stage at once', async () => {
  const stage = stageOf(runner, 'at once', numberCoder, (input) =>
    input.parDo('slow', fns.slow({ ms: 2 }), { coder: numberCoder }),
  );
  const [a, b] = await Promise.all([runner.runBundle(stage, [[1, 2, 3]]), runner.runBundle(stage, [[10, 20], [30]])]);
  assert.deepEqual(a.outputs, [1, 2, 3]);
  assert.deepEqual(b.outputs, [10, 20, 30]);
  assert.equal(probe.setups, 2, 'an instance for each');
  await runner.runBundle(stage, [[1]]);
  assert.equal(probe.setups, 2, 'and used again');
});

test('an element of 40 MiB comes and goes', async () => {
  const bytes = new Uint8Array(40 << 20).fill(7);
  const stage = stageOf(runner, 'big', bytesCoder, (input) => input.parDo('same', gated(null), { coder: bytesCoder }));
  gate.resolve();
  const { error, outputs } = await runner.runBundle(stage, [[bytes]]);
  assert.equal(error, '');
  assert.ok(Buffer.from(bytes).equals(outputs[0]));
});

test('a bundle that cannot keep up stops the stream, and loses nothing', async () => {
  const stage = stageOf(runner, 'flood', bytesCoder, (input) =>
    input.parDo('gated', gated(null), { coder: bytesCoder }).parDo('size', size(null), { coder: numberCoder }),
  );
  // Far more than the high-water mark, the HTTP/2 window and the socket buffers hold together.
  const messages = 160;
  const message = encodeElements(stage.wireIn, [new Uint8Array(1 << 20)]);
  const done = runner.runBundle(stage, [[]], { instructionId: 'flood', open: true });
  let flushed = 0;
  const sent = upTo(messages).map(() => runner.sendData('flood', message, false).then(() => flushed++));
  await reached.promise;
  for (let before = -1; before < flushed; await fns.sleep(300)) before = flushed;
  assert.ok(flushed < messages, `${flushed} of ${messages} MiB were taken while the bundle stood still`);
  gate.resolve();
  await Promise.all(sent);
  await runner.sendData('flood', new Uint8Array(), true);
  const { error, outputs } = await done;
  assert.equal(error, '');
  assert.deepEqual(outputs, new Array(messages).fill(1 << 20));
});

test('side inputs come from the state service, once a bundle', async () => {
  const stage = stageOf(runner, 'sides', numberCoder, (input) =>
    input.parDo('join', fns.join(null), { coder: stringCoder, sideInputs: { side: input } }),
  );
  const [transformId] = Object.entries(runner.descriptors.get('sides')!.transforms).find(
    ([, { uniqueName }]) => uniqueName === 'join',
  )!;
  const values = [9, 7].map((value) => encodeDelimited(numberCoder, value));
  runner.state.put(sideInputKey(transformId, 'side.side'), Buffer.concat(values));
  runner.state.chunkBytes = 2;
  const { error, outputs } = await runner.runBundle(stage, [[1, 2], [3]]);
  assert.equal(error, '');
  assert.deepEqual(outputs, ['1:7,9', '2:7,9', '3:7,9']);
});

test('an element that goes two ways into one sink is sent once each way', async () => {
  const stage = stageOf(runner, 'fan out', stringCoder, (input) => {
    const left = input.parDo('left', suffix('L'), { coder: stringCoder });
    const right = input.parDo('right', suffix('R'), { coder: stringCoder });
    return flatten('both', [left, right]);
  });
  // One of a message's size for each branch, and two that fill one together.
  const big = upTo(10).map((i) => `${i}${'-'.repeat(i % 2 === 0 ? 1_100_000 : 600_000)}`);
  const { outputs } = await runner.runBundle(stage, [big]);
  assert.deepEqual(
    outputs.map((text: string) => text[0] + text.at(-1)).sort(),
    upTo(10).flatMap((i) => [`${i}L`, `${i}R`]),
  );
});

test('data of a bundle that failed before it started is thrown away', async () => {
  const stage = gatedStage('fails at once');
  const descriptor = runner.descriptors.get('fails at once')!;
  for (const transform of Object.values(descriptor.transforms)) {
    if (transform.uniqueName === 'gated') transform.spec!.urn = 'test:no such transform';
  }
  const bytes = encodeElements(stage.wireIn, [1]);
  const { error } = await runner.runBundle(stage, [[1]], { instructionId: 'failed' });
  assert.match(error, /"gated" is of a type not supported here: "test:no such transform"/);
  const flood = Math.ceil((2 * HIGH_WATER_BYTES) / (1 << 20));
  for (let i = 0; i < flood; i++) await runner.sendData('failed', new Uint8Array(1 << 20), false);
  await runner.sendData('failed', bytes, true);
  gate.resolve();
  const next = await runner.runBundle(gatedStage('after'), [[1, 2]]);
  assert.deepEqual(next.outputs, [1, 2], 'the stream is not held up by it');
});

test('a message above the limit fails the bundles in process with the limit, and ends the worker', async () => {
  const other = await new MiniRunner().start();
  const ours = new Worker('w', { controlUrl: other.url });
  await other.connected.promise;
  const stage = stageOf(other, 'gated', numberCoder, (input) =>
    input.parDo('gated', gated(null), { coder: numberCoder }),
  );
  const done = other.runBundle(stage, [[1]], { open: true });
  await reached.promise;
  // What the worker's gRPC makes of such a message.
  const details = 'Received message larger than max (300000000 vs 268435456)';
  other.data.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
  const limit = /a worker receives at most 256 MiB in one message: an element, or a group of a groupByKey, is larger/;
  assert.match((await done).error, limit);
  await assert.rejects(ours.wait(), limit);
  gate.resolve();
  other.stop();
});

test('instructions about bundles that are not there, and about metrics', async () => {
  const progress = await runner.request({
    oneofKind: 'processBundleProgress',
    processBundleProgress: { instructionId: '?' },
  });
  assert.equal(progress.error, '');
  const harness = await runner.request({ oneofKind: 'harnessMonitoringInfos', harnessMonitoringInfos: {} });
  assert.equal(harness.error, '');
  const finalized = await runner.request({ oneofKind: 'finalizeBundle', finalizeBundle: { instructionId: '?' } });
  assert.equal(finalized.error, '');
  const unknown = await runner.request({ oneofKind: 'register', register: { processBundleDescriptor: [] } });
  assert.match(unknown.error, /unknown instruction type: register/);

  const stage = stageOf(runner, 'metrics', numberCoder, (input) =>
    input.parDo('count', fns.countRows(null), { coder: numberCoder }),
  );
  const { response } = await runner.runBundle(stage, [[1, 2]]);
  const ids = Object.keys(response!.monitoringData);
  const infos = await runner.request({
    oneofKind: 'monitoringInfos',
    monitoringInfos: { monitoringInfoId: [...ids, 'm?'] },
  });
  assert.equal(infos.response.oneofKind, 'monitoringInfos');
  const known = infos.response.monitoringInfos.monitoringInfo;
  assert.deepEqual(Object.keys(known), ids);
  const counter = Object.values(known).find(({ labels }) => labels.NAME === 'rows')!;
  assert.equal(counter.urn, 'beam:metric:user:sum_int64:v1');
  assert.ok(counter.labels.PTRANSFORM !== undefined && counter.labels.NAMESPACE !== '');
});

test('a bundle in process reports progress', async () => {
  const stage = stageOf(runner, 'progress', numberCoder, (input) =>
    input
      .parDo('count', fns.countRows(null), { coder: numberCoder })
      .parDo('gated', gated(null), { coder: numberCoder }),
  );
  const done = runner.runBundle(stage, [[1, 2, 3]], { instructionId: 'in process' });
  await reached.promise;
  const { response } = await runner.request({
    oneofKind: 'processBundleProgress',
    processBundleProgress: { instructionId: 'in process' },
  });
  assert.equal(response.oneofKind, 'processBundleProgress');
  const rows = response.processBundleProgress.monitoringInfos.find(({ labels }) => labels.NAME === 'rows');
  assert.deepEqual([...rows!.payload], [0x80, 0x40], '8192 as a varint: one element so far');
  gate.resolve();
  await done;
});
