import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { kvCoder, stringCoder } from '../../beam/index.js';
import { countersOf, distributionsOf } from '../../beam/metrics.js';
import { Worker } from '../../beam/worker.js';
import * as fns from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { stageOf } from './stage.js';

const { collected, numberCoder, probe } = fns;
const pairCoder = kvCoder(numberCoder);
const pair = (key: string, value: number) => ({ key, value });
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

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
});

const learnStage = (id: string, config: { dim: number; async?: boolean }, options = {}) =>
  stageOf(runner, id, pairCoder, (input) => input.parDo('learn', fns.learner(config), { coder: stringCoder }), options);

for (const { async, lengthPrefixKeys } of [
  { async: false, lengthPrefixKeys: false },
  { async: true, lengthPrefixKeys: true },
]) {
  test(`state lives from bundle to bundle in the state service (async ${async}, length prefixes ${lengthPrefixKeys})`, async () => {
    const stage = learnStage(`learn ${async}`, { dim: 2, async }, { lengthPrefixKeys });
    const first = await runner.runBundle(stage, [[pair('a', 1), pair('b', 10)], [pair('a', 2)]]);
    assert.equal(first.error, '');
    assert.deepEqual(first.outputs, ['a:1:2:1', 'b:10:20:1', 'a:3:6:2']);
    const reads = runner.state.log.filter((line) => line.startsWith('get weights'));
    assert.equal(reads.length, 2, 'one read for each key of a bundle');
    assert.ok(runner.state.log.includes('append weights key=0161'), `the runner's key: ${runner.state.log.join()}`);
    const second = await runner.runBundle(stage, [[pair('a', 5), pair('c', 1)]]);
    assert.deepEqual(second.outputs, ['a:8:16:3', 'c:1:2:1']);
    assert.equal(countersOf(second.response!.monitoringInfos).get('steps'), 2, 'counters are of one bundle');
    assert.deepEqual(distributionsOf(second.response!.monitoringInfos).get('value'), {
      count: 2,
      sum: 6,
      min: 1,
      max: 5,
    });
    const arrays = [...runner.state.stored.values()].filter((bytes) => bytes.length === 1 + 2 * 8);
    assert.equal(arrays.length, 3, 'one array for each key: cleared, then appended');
  });
}

test('state that comes slowly and in pieces', async () => {
  runner.state.chunkBytes = 3;
  runner.state.delayMs = 2;
  const stage = learnStage('pieces', { dim: 16, async: true });
  await runner.runBundle(stage, [[pair('a', 1)]]);
  const { outputs } = await runner.runBundle(stage, [[pair('a', 1)]]);
  assert.deepEqual(outputs, ['a:2:32:2']);
});

for (const kind of ['get', 'append', 'clear']) {
  test(`a state service that fails to ${kind} fails the bundle`, async () => {
    runner.state.failing = kind;
    const stage = learnStage(`fail to ${kind}`, { dim: 1, async: true });
    const { error } = await runner.runBundle(stage, [[pair('a', 1)]]);
    assert.match(error, new RegExp(`injected failure of ${kind} \\[in transform "learn"\\]`));
  });
}

test('many messages for a slow async DoFn: all, in order, one at a time', async () => {
  const stage = stageOf(runner, 'slow', numberCoder, (input) =>
    input.parDo('slow', fns.slow({ ms: 3 }), { coder: numberCoder }),
  );
  const { error, outputs } = await runner.runBundle(
    stage,
    upTo(20).map((i) => [2 * i, 2 * i + 1]),
  );
  assert.equal(error, '');
  assert.deepEqual(outputs, upTo(40));
  assert.equal(probe.maxLive, 1);
  assert.deepEqual(collected, ['slow finished after 40']);
});

test('a DoFn that fails in a bundle: error with stack, and the next bundle works', async () => {
  const stage = stageOf(runner, 'boom', numberCoder, (input) =>
    input.parDo('slow', fns.slow({ ms: 1, failAt: 3 }), { coder: numberCoder }),
  );
  const failed = await runner.runBundle(stage, [[1, 2], [3, 4], [5]]);
  assert.match(failed.error, /boom at 3 \[in transform "slow"\]\n +at .*fns\.(js|ts)/);
  const { error, outputs } = await runner.runBundle(stage, [[7, 8]]);
  assert.equal(error, '');
  assert.deepEqual(outputs, [7, 8]);
  assert.equal(probe.teardowns, 1, 'the instance that failed is torn down');
});
