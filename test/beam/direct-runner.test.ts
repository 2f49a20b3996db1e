import 'apache-beam';
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { flatten, groupByKey, impulse, kvCoder, reshuffle, runDirect, stringCoder } from '../../beam/index.js';
import * as fns from './fns.js';

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

test('a chain of side inputs of side inputs', async () => {
  await runDirect((root) => {
    const start = impulse(root);
    const a = start.parDo('a', fns.range({ n: 3 }), { coder: numberCoder });
    const b = start.parDo('b', fns.range({ n: 2 }), { coder: numberCoder });
    const joined = b.parDo('join a', fns.join(null), { coder: stringCoder, sideInputs: { side: a } });
    const c = start.parDo('c', fns.range({ n: 2 }), { coder: numberCoder });
    c.parDo('join joined', fns.join(null), { coder: stringCoder, sideInputs: { side: joined as any } }).parDo(
      'collect',
      fns.collect(null),
      { coder: anyCoder },
    );
  });
  assert.deepEqual(collected, ['0:0:0,1,2,1:0,1,2', '1:0:0,1,2,1:0,1,2']);
});

test('group, flatten, reshuffle', async () => {
  const result = await runDirect((root) => {
    const numbers = impulse(root).parDo('range', fns.range({ n: 9 }), { coder: numberCoder });
    const more = impulse(root).parDo('more', fns.range({ n: 3 }), { coder: numberCoder });
    const both = flatten('both', [numbers, more]);
    const mixed = reshuffle('mix', both, numberCoder).parDo('count', fns.countRows(null), { coder: numberCoder });
    const pairs = mixed.parDo('key', fns.byKey({ keys: 3 }), { coder: kvCoder(numberCoder) });
    groupByKey('group', pairs).parDo('collect', fns.collect(null), { coder: anyCoder });
    pairs.parDo('learn', fns.learner({ dim: 2 }), { coder: stringCoder });
  });
  assert.equal(collected.length, 3);
  assert.deepEqual(
    new Map(result.counters),
    new Map([
      ['rows', 12 * 8192],
      ['steps', 12],
    ]),
  );
  assert.deepEqual(result.distributions.get('value'), { count: 12, sum: 39, min: 0, max: 8 });
});
