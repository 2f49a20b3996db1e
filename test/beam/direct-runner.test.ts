import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { Context, globalRegistry } from 'apache-beam/coders/coders';
import {
  type Coder,
  DoFn,
  defineBytesCoder,
  flatten,
  groupByKey,
  impulse,
  type KV,
  kvCoder,
  type Root,
  registerDoFn,
  reshuffle,
  runDirect,
  setVerifyCoders,
  stringCoder,
} from '../../beam/index.js';
import * as fns from './fns.js';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

class Sums extends DoFn<number, number> {
  private sum = 0;
  process(x: number) {
    this.sum += x;
  }
  override finishBundle() {
    return [this.sum];
  }
}
const sums = registerDoFn('test:sums', (_: null) => new Sums());

/** Keeps integers only, as a coder with a defect might. */
const lossyCoder = defineBytesCoder<number>(
  'm4-balance:test:lossy:v1',
  (x) => Uint8Array.of(x),
  ([x]) => x,
);

/** Writes two bytes and reads one. */
const leavesBytesCoder: Coder<number> = {
  encode: (_value, writer, context) => void (context === Context.needsDelimiters && writer.uint32(1).uint32(1)),
  decode: (reader) => reader.uint32(),
  toProto: () => ({ spec: { urn: 'm4-balance:test:leaves:v1', payload: new Uint8Array() }, componentCoderIds: [] }),
};
globalRegistry().registerConstructor('m4-balance:test:leaves:v1', () => leavesBytesCoder);

class EmitsLossy extends DoFn<unknown, KV<string, number>> {
  *process() {
    yield { key: 'process', value: 0.5 };
  }
  override *finishBundle() {
    yield { key: 'finish', value: 1.5 };
  }
}
const emitsLossy = registerDoFn('test:emitsLossy', (_: null) => new EmitsLossy());

const { anyCoder, collected, numberCoder, probe } = fns;
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
beforeEach(fns.resetProbe);
after(async () => {
  await fns.sleep(10);
  assert.deepEqual(unhandled, [], 'no promise is left unhandled');
});

for (const isAsync of [false, true]) {
  test(`a slow async step holds back ${isAsync ? 'an async' : 'a'} generator two steps before it`, async () => {
    await runDirect((root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 200, async: isAsync }), { coder: numberCoder })
        .parDo('add one', fns.addOne(null), { coder: numberCoder })
        .parDo('slow', fns.slow({ ms: 1 }), { coder: numberCoder })
        .parDo('collect', fns.collect(null), { coder: anyCoder });
    });
    assert.equal(collected.length, 201);
    assert.equal(probe.maxLive, 2, 'the step and the generator before it');
    assert.ok(probe.maxAhead <= 2, `the source ran ${probe.maxAhead} ahead`);
    assert.ok(collected.includes('slow finished after 200'));
    assert.equal(probe.teardowns, 1);
  });
}

test('maxConcurrency bounds how many calls are in flight', async () => {
  await runDirect((root) => {
    impulse(root)
      .parDo('range', fns.range({ n: 100 }), { coder: numberCoder })
      .parDo('slow', fns.slow({ ms: 5, maxConcurrency: 10 }), { coder: numberCoder })
      .parDo('collect', fns.collect(null), { coder: anyCoder });
  });
  const numbers = collected.filter((x) => typeof x === 'number').sort((a, b) => a - b);
  assert.deepEqual(numbers, upTo(100));
  assert.equal(probe.maxLive, 10);
  assert.ok(probe.maxAhead <= 12, `the source ran ${probe.maxAhead} ahead`);
});

test('a chain of side inputs of side inputs', async () => {
  await runDirect((root) => {
    const start = impulse(root);
    const a = start.parDo('a', fns.range({ n: 3 }), { coder: numberCoder });
    const b = start.parDo('b', fns.range({ n: 2 }), { coder: numberCoder });
    const joined = b.parDo('join a', fns.join(null), { coder: stringCoder, sideInputs: { side: a } });
    const c = start.parDo('c', fns.range({ n: 2 }), { coder: numberCoder });
    c.parDo('join joined', fns.join(null), { coder: stringCoder, sideInputs: { side: joined } }).parDo(
      'collect',
      fns.collect(null),
      { coder: anyCoder },
    );
  });
  assert.deepEqual(collected, ['0:0:0,1,2,1:0,1,2', '1:0:0,1,2,1:0,1,2']);
});

test('a flow may be the main and the side input of one step, and a side input with state', async () => {
  await runDirect((root) => {
    const numbers = impulse(root).parDo('range', fns.range({ n: 3 }), { coder: numberCoder });
    const pairs = numbers.parDo('key', fns.byKey({ keys: 1 }), { coder: kvCoder(numberCoder) });
    numbers
      .parDo('join itself', fns.join(null), { coder: stringCoder, sideInputs: { side: numbers } })
      .parDo('collect joined', fns.collect(null), { coder: anyCoder });
    pairs
      .parDo('learn', fns.learner({ dim: 1 }), { coder: stringCoder, sideInputs: { unused: numbers } })
      .parDo('collect learned', fns.collect(null), { coder: anyCoder });
  });
  assert.deepEqual(collected.sort(), ['0:0,1,2', '1:0,1,2', '2:0,1,2', 'k0:0:0:1', 'k0:1:1:2', 'k0:3:3:3']);
});

test('several consumers of one flow: each element is made once', async () => {
  await runDirect((root) => {
    const numbers = impulse(root).parDo('range', fns.range({ n: 50 }), { coder: numberCoder });
    const slow = numbers.parDo('slow', fns.slow({ ms: 0 }), { coder: numberCoder });
    slow.parDo('collect slow', fns.collect(null), { coder: anyCoder });
    numbers.parDo('collect', fns.collect(null), { coder: anyCoder });
    flatten('twice', [slow, slow]).parDo('collect twice', fns.collect(null), { coder: anyCoder });
  });
  assert.equal(probe.emitted, 50);
  assert.equal(collected.filter((x) => x === 49).length, 4);
});

test('group, flatten, reshuffle, counters and distributions', async () => {
  const result = await runDirect((root) => {
    const numbers = impulse(root).parDo('range', fns.range({ n: 9 }), { coder: numberCoder });
    const more = impulse(root).parDo('more', fns.range({ n: 3 }), { coder: numberCoder });
    const mixed = reshuffle('mix', flatten('both', [numbers, more]), numberCoder);
    const counted = mixed.parDo('count', fns.countRows(null), { coder: numberCoder });
    const pairs = counted.parDo('key', fns.byKey({ keys: 3 }), { coder: kvCoder(numberCoder) });
    groupByKey('group', pairs).parDo('collect', fns.collect(null), { coder: anyCoder });
    pairs.parDo('learn', fns.learner({ dim: 2 }), { coder: stringCoder });
  });
  const groups = collected.map(({ key, value }) => [key, [...value].sort()]).sort();
  assert.deepEqual(groups, [
    ['k0', [0, 0, 3, 6]],
    ['k1', [1, 1, 4, 7]],
    ['k2', [2, 2, 5, 8]],
  ]);
  assert.deepEqual(Object.fromEntries(result.counters), { rows: 12 * 8192, steps: 12 });
  assert.deepEqual(result.distributions.get('value'), { count: 12, sum: 39, min: 0, max: 8 });
});

for (const isAsync of [false, true]) {
  test(`state of each key, ${isAsync ? 'async' : 'sync'}`, async () => {
    await runDirect((root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 30 }), { coder: numberCoder })
        .parDo('key', fns.byKey({ keys: 3 }), { coder: kvCoder(numberCoder) })
        .parDo('learn', fns.learner({ dim: 4, async: isAsync }), { coder: stringCoder })
        .parDo('collect', fns.collect(null), { coder: anyCoder });
    });
    // Key k sums k, k + 3, ... (10 terms); element i of the array is weighted i + 1.
    for (const k of [0, 1, 2]) {
      const sum = 10 * k + 3 * 45;
      assert.equal(collected.filter((line) => line.startsWith(`k${k}:`)).at(-1), `k${k}:${sum}:${sum * 4}:10`);
    }
  });
}

test('counters above 2^31; timers and progress run during a synchronous pipeline', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const seen: number[] = [];
  const result = await runDirect(
    (root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 2_000_000 }), { coder: numberCoder })
        .parDo('count', fns.countRows(null), { coder: numberCoder });
    },
    { onProgress: (counters) => seen.push(counters.get('rows') ?? 0) },
  );
  clearInterval(timer);
  assert.equal(result.counters.get('rows'), 2_000_000 * 8192);
  assert.ok(ticks > 0, `${ticks} ticks of a timer`);
  assert.ok(seen.length > 0 && seen.every((rows) => rows <= 2_000_000 * 8192), `progress ${seen}`);
});

test('finishBundle emits plain values, after all elements', async () => {
  await runDirect((root) => {
    impulse(root)
      .parDo('range', fns.range({ n: 5 }), { coder: numberCoder })
      .parDo('sum', sums(null), { coder: numberCoder })
      .parDo('collect', fns.collect(null), { coder: anyCoder });
  });
  assert.deepEqual(collected, [10]);
});

test('an element that a DoFn keeps nothing of does not pile up behind a reshuffle', async () => {
  await runDirect((root) => {
    const numbers = impulse(root).parDo('range', fns.range({ n: 500 }), { coder: numberCoder });
    reshuffle('mix', numbers, numberCoder).parDo('slow', fns.slow({ ms: 0 }), { coder: numberCoder });
  });
  assert.equal(probe.consumed, 500);
  assert.ok(probe.maxAhead <= 2, `the source ran ${probe.maxAhead} ahead`);
});

test('coders are verified on demand, also of what finishBundle and groups emit', async () => {
  const build = (root: Root) => {
    const pairs = impulse(root).parDo('pairs', emitsLossy(null), { coder: kvCoder(lossyCoder) });
    groupByKey('group', pairs).parDo('collect', fns.collect(null), { coder: anyCoder });
  };
  const values = () => collected.map(({ key, value }) => [key, ...value]);
  await runDirect(build);
  assert.deepEqual(values(), [
    ['process', 0.5],
    ['finish', 1.5],
  ]);
  collected.length = 0;
  setVerifyCoders(true);
  try {
    await runDirect(build);
    assert.deepEqual(
      values(),
      [
        ['process', 0],
        ['finish', 1],
      ],
      'as another runner would do',
    );
    const greedy = runDirect((root) => {
      impulse(root).parDo('greedy', fns.range({ n: 1 }), { coder: leavesBytesCoder });
    });
    await assert.rejects(greedy, /a coder left 1 of 2 bytes unread/);
  } finally {
    setVerifyCoders(false);
  }
});
