/** What the SDK's worker gets wrong, shown on it and on ours. What ours does beyond is in the other tests of the worker. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { openDataChannel } from '../../beam/data-channel.js';
import { DoFn, flatten, type ProcessContext, registerDoFn, stringCoder } from '../../beam/index.js';
import { Worker } from '../../beam/worker.js';
import * as fns from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';
import { runStock } from './stock/child.js';

const { numberCoder, probe } = fns;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

interface Stock {
  readonly slow: { error: string; outputs: number; inFlight: number };
  readonly dataLoss: { error: string; outputs: number };
  readonly counters: number[][];
  readonly labels: Record<string, string>;
  readonly distribution: number[];
  readonly error: string;
  readonly fanOut: string[];
  readonly leakedBundles: number;
  readonly instructions: { monitoringInfos: string; progress: string };
  readonly descriptorCallers: string[];
  readonly printed: number;
  readonly messageSizes: { small: number[] | 'hangs'; large: number[] | 'hangs'; next: number[] | 'hangs' };
  readonly afterHangUp: string;
  readonly errorsOnCancelled: number;
  readonly uncaught: number;
  readonly staging: string;
  readonly otherWorker: string;
}

let stock: Stock;
let runner: MiniRunner;
let worker: Worker;
before(async () => {
  stock = await runStock('worker');
  ({ runner, worker } = await startWorker());
});
after(async () => {
  worker.stop();
  await worker.wait();
  runner.stop();
});
beforeEach(fns.resetProbe);

async function startWorker() {
  const runner = await new MiniRunner().start();
  const worker = new Worker('w1', { controlUrl: runner.url });
  await runner.connected.promise;
  return { runner, worker };
}

const addStage = (to: MiniRunner, id: string) =>
  stageOf(to, id, numberCoder, (input) => input.parDo('add', fns.addOne(null), { coder: numberCoder }));

test('elements are lost when a bundle takes longer than 100 ms', async () => {
  assert.equal(stock.dataLoss.error, '', 'the bundle is said to have succeeded');
  assert.ok(stock.dataLoss.outputs < 400);
  const stage = stageOf(runner, 'busy', numberCoder, (input) =>
    input.parDo('busy', fns.busy({ ms: 1 }), { coder: numberCoder }),
  );
  const { error, outputs } = await runner.runBundle(stage, [upTo(400)]);
  assert.equal(error, '');
  assert.deepEqual(outputs, upTo(400));
  assert.equal(runner.lateMessages, 0);
});

test('messages are processed at the same time, and the bundle ends before them', async () => {
  assert.ok(stock.slow.inFlight > 1 && stock.slow.outputs < 10 && stock.slow.error === '', JSON.stringify(stock.slow));
  const stage = stageOf(runner, 'slow', numberCoder, (input) =>
    input.parDo('slow', fns.slow({ ms: 5 }), { coder: numberCoder }),
  );
  const { outputs } = await runner.runBundle(
    stage,
    upTo(10).map((x) => [x]),
    { leadMs: 50 },
  );
  assert.deepEqual(outputs, upTo(10));
  assert.equal(probe.maxLive, 1);
});

test('metrics are not reset between bundles, have a wrong label, no namespace, and a count too many', async () => {
  assert.deepEqual(stock.counters, [[3], [6], [9]]);
  assert.deepEqual(stock.labels, { NAME: 'count', NAMESPACE: '', TRANSFORM: stock.labels.TRANSFORM });
  assert.deepEqual(stock.distribution, [0, 0, 0, 4, 3, 6, 1, 3]);
  const stage = stageOf(runner, 'measure', numberCoder, (input) =>
    input.parDo('measure', measures(null), { coder: numberCoder }),
  );
  for (let i = 0; i < 3; i++) {
    const { response } = await runner.runBundle(stage, [[1, 2, 3]]);
    const named = (name: string) => response!.monitoringInfos.find(({ labels }) => labels.NAME === name)!;
    assert.deepEqual([...named('count').payload], [3]);
    assert.deepEqual([...named('length').payload], [3, 6, 1, 3], 'count, sum, min, max');
    const { NAME, NAMESPACE, PTRANSFORM, ...rest } = named('count').labels;
    assert.deepEqual([NAME, rest], ['count', {}]);
    assert.ok(NAMESPACE !== '' && PTRANSFORM.startsWith('transform_'));
    const elements = response!.monitoringInfos.filter(({ urn }) => urn === 'beam:metric:element_count:v1');
    assert.ok(elements.length > 0 && elements.every(({ payload }) => payload[0] === 3));
  }
});

test('an error comes without its stack', async () => {
  assert.equal(stock.error, 'Error: boom');
  const stage = stageOf(runner, 'boom', numberCoder, (input) =>
    input.parDo('boom', fns.throwsAt({ where: 'sync' }), { coder: numberCoder }),
  );
  const { error } = await runner.runBundle(stage, [[1]]);
  assert.match(error, /^Error: boom sync \[in transform "boom"\]\n +at /);
});

test('outputs are sent twice when branches meet in one sink', async () => {
  const once = ['0L', '0R', '1L', '1R', '2L', '2R'];
  assert.deepEqual([...new Set(stock.fanOut)], once);
  assert.ok(stock.fanOut.length > once.length);
  const stage = stageOf(runner, 'fan out', stringCoder, (input) =>
    flatten('both', [
      input.parDo('left', ends('L'), { coder: stringCoder }),
      input.parDo('right', ends('R'), { coder: stringCoder }),
    ]),
  );
  const big = upTo(3).map((i) => `${i}${'-'.repeat(1_100_000)}`);
  const { outputs } = await runner.runBundle(stage, [big], { lastWithData: true });
  assert.deepEqual(outputs.map((text: string) => text[0] + text.at(-1)).sort(), once);
});

test('each bundle leaves a map behind', async () => {
  assert.ok(stock.leakedBundles > 0);
  await runner.runBundle(addStage(runner, 'data'), [[1]]);
  const another = await new MiniRunner().start();
  const channel = openDataChannel(another.url, { workerId: 'w', failed: new Set(), onEnd: () => undefined });
  await another.dataConnected.promise;
  for (const id of ['a', 'b', 'c']) {
    void another.sendData(id, Uint8Array.of(1), false);
    void another.sendData(id, Uint8Array.of(2), id !== 'c');
    const inbox = channel.open(id, 'source');
    const read: number[] = [];
    for await (const [byte] of inbox) {
      assert.equal(channel.openBundles(), 1);
      read.push(byte);
      if (id === 'c') channel.discard('c');
    }
    assert.deepEqual(read, id === 'c' ? [1] : [1, 2]);
  }
  assert.equal(channel.openBundles(), 0);
  channel.close();
  another.stop();
});

test('a message above 4 MiB hangs this bundle and all that follow', async () => {
  assert.deepEqual(stock.messageSizes, { small: [3 << 20], large: 'hangs', next: 'hangs' });
  const stage = stageOf(runner, 'size', fns.anyCoder, (input) =>
    input.parDo('size', sizeOf(null), { coder: numberCoder }),
  );
  for (const bytes of [3 << 20, 5 << 20, 3]) {
    const { outputs } = await runner.runBundle(stage, [[new Uint8Array(bytes)]]);
    assert.deepEqual(outputs, [bytes]);
  }
});

test('some instructions are unknown, and questions about bundles that are over fail', async () => {
  assert.match(stock.instructions.monitoringInfos, /Unknown instruction type/);
  assert.match(stock.instructions.progress, /TypeError/);
  const infos = await runner.request({ oneofKind: 'monitoringInfos', monitoringInfos: { monitoringInfoId: [] } });
  assert.equal(infos.error, '');
  const progress = await runner.request({
    oneofKind: 'processBundleProgress',
    processBundleProgress: { instructionId: '?' },
  });
  assert.equal(progress.error, '');
});

test('the call for a descriptor does not say which worker calls', () => {
  assert.deepEqual(stock.descriptorCallers, ['undefined']);
  assert.deepEqual([...new Set(runner.descriptorCallers)], ['w1']);
});

test('every request is printed', async (t) => {
  assert.ok(stock.printed > 0);
  const methods = (['log', 'info', 'debug', 'warn', 'error'] as const).map((name) => t.mock.method(console, name));
  await runner.runBundle(addStage(runner, 'quiet'), [[1]]);
  await runner.runBundle(addStage(runner, 'quiet too'), [[1], [2]]);
  assert.deepEqual(
    methods.map(({ mock }) => mock.callCount()),
    [0, 0, 0, 0, 0],
  );
});

test('a worker goes on when its runner has hung up', async () => {
  assert.equal(stock.afterHangUp, 'hangs');
  const ours = await startWorker();
  await ours.runner.runBundle(addStage(ours.runner, 'add'), [[1]]);
  ours.runner.control.end();
  await ours.worker.wait();
  ours.runner.stop();
});

test('CANCELLED on the data stream, which is how Java runners hang up, counts as an error', async () => {
  assert.ok(stock.errorsOnCancelled > 0);
  const ours = await startWorker();
  await ours.runner.runBundle(addStage(ours.runner, 'add'), [[1]]);
  ours.runner.data.emit('error', { code: status.CANCELLED, details: 'Multiplexer hanging up' });
  await ours.worker.wait();
  ours.runner.stop();
});

test('a runner that breaks off is an uncaught exception', async () => {
  assert.ok(stock.uncaught > 0);
  const ours = await startWorker();
  ours.runner.control.emit('error', { code: status.UNAVAILABLE, details: 'gone' });
  await assert.rejects(ours.worker.wait(), /gone/);
  ours.runner.stop();
});

test('a data stream that breaks ends the worker, and fails its bundles', async () => {
  const ours = await startWorker();
  const stage = addStage(ours.runner, 'add');
  await ours.runner.runBundle(stage, [[1]]);
  ours.runner.data.emit('error', { code: status.INTERNAL, details: 'broken' });
  await assert.rejects(ours.worker.wait(), /broken/);
  ours.runner.stop();
});

test('the staging handshake hangs, and one runner stops the worker of another', () => {
  // Ours: portable-runner.test.ts and worker-pool.test.ts.
  assert.equal(stock.staging, 'hangs');
  assert.equal(stock.otherWorker, 'ended');
});

class Measures extends DoFn<number, number> {
  *process(x: number, ctx: ProcessContext) {
    ctx.counter('count');
    ctx.distribution('length', x);
    yield x;
  }
}
const measures = registerDoFn('test:measures', (_: null) => new Measures());

class Ends extends DoFn<string, string> {
  constructor(private readonly end: string) {
    super();
  }
  *process(text: string) {
    yield text + this.end;
  }
}
const ends = registerDoFn('test:ends', (end: string) => new Ends(end));

class SizeOf extends DoFn<Uint8Array, number> {
  *process(bytes: Uint8Array) {
    yield bytes.length;
  }
}
const sizeOf = registerDoFn('test:sizeOf', (_: null) => new SizeOf());
