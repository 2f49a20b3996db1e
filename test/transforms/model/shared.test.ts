import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ModelConfig } from '../../../schemas/models-config.js';
import { openModel, planModel } from '../../../transforms/model/open-model.js';
import { SharedValues } from '../../../transforms/model/shared.js';
import { scratch } from '../../end-to-end/scratch.js';

test('a value is made once for all users, closed when the last has been gone for a while, and made anew after that', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const events: string[] = [];
  let made = 0;
  const values = new SharedValues<string>((value) => void events.push(`close ${value}`), 1000);
  const take = () =>
    values.take('a', async () => {
      await setImmediate();
      return `value ${++made}`;
    });
  const [one, two] = await Promise.all([take(), take()]);
  assert.deepEqual([one.value, two.value], ['value 1', 'value 1']);
  one.release();
  one.release();
  mock.timers.tick(5000);
  assert.deepEqual(events, [], 'a user that says twice that it has gone counts once');
  two.release();
  mock.timers.tick(999);
  const three = await take();
  assert.equal(three.value, 'value 1');
  mock.timers.tick(5000);
  assert.deepEqual(events, [], 'who comes in time finds it open');
  three.release();
  mock.timers.tick(1000);
  assert.deepEqual(events, ['close value 1']);
  const four = await take();
  assert.equal(four.value, 'value 2');
  assert.equal((await values.take('b', async () => 'other')).value, 'other');
});

test('what could not be made is not kept, and fails for those alone who waited for it', async () => {
  const values = new SharedValues<number>(() => undefined, 1000);
  let tries = 0;
  const make = async () => {
    await setImmediate();
    if (++tries === 1) throw new Error('no');
    return tries;
  };
  const first = await Promise.allSettled([values.take('a', make), values.take('a', make)]);
  assert.deepEqual(
    first.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal((await values.take('a', make)).value, 2);
});

test('the file of a model is read once in a process, however often it is opened, and another file of its name is refused', async (t) => {
  const folder = scratch(t);
  const config = { probe: 'probe.json', embedding: 'v', normalise: false, activation: 'none' } as ModelConfig;
  const write = (weight: number) =>
    writeFileSync(join(folder, 'probe.json'), JSON.stringify({ classes: ['score'], weights: [[weight, 0]] }));
  write(2);
  const planned = await planModel('m', config, folder);
  rmSync(join(folder, 'probe.json'));
  const opened = await Promise.all([openModel(planned, folder), openModel(planned, folder)]);
  for (const model of opened) model.close();
  (await openModel(planned, folder)).close();

  // Another hash: nothing that is open has it.
  write(3);
  await assert.rejects(openModel({ ...planned, sha256: 'f'.repeat(64) }, folder), /expected sha256 f+, got/);
  const other = await planModel('m', config, folder);
  assert.notEqual(other.sha256, planned.sha256);
  await assert.rejects(planModel('m', { ...config, probe: 'none.json' } as ModelConfig, folder), /none\.json/);
});
