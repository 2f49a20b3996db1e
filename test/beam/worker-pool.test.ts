import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiServiceDescriptor } from 'apache-beam/proto/endpoints';
import { inThisProcess, startWorkerPool } from '../../beam/worker-pool.js';
import * as fns from './fns.js';
import { MiniRunner } from './mini-runner.js';
import { poolClient } from './pool-client.js';
import { stageOf } from './stage.js';

test('two runners start workers with one id, and one stops "its": the other goes on', async () => {
  const pool = await startWorkerPool({ start: inThisProcess });
  const client = poolClient(pool.address);
  const runners = await Promise.all([new MiniRunner().start(), new MiniRunner().start()]);
  for (const runner of runners) {
    const controlEndpoint = ApiServiceDescriptor.create({ url: runner.url });
    assert.equal((await client.start({ workerId: '1-1', controlEndpoint })).error, '');
    await runner.connected.promise;
  }
  const [first, second] = runners;
  first.control.end();
  assert.equal((await client.stop('1-1')).error, '');
  const stage = stageOf(second, 'add', fns.numberCoder, (input) =>
    input.parDo('add', fns.addOne(null), { coder: fns.numberCoder }),
  );
  assert.deepEqual((await second.runBundle(stage, [[1, 2]])).outputs, [2, 3]);
  assert.equal((await client.start({ workerId: '1-2' })).error, 'no control endpoint');
  client.close();
  await pool.stop();
  for (const runner of runners) runner.stop();
});
