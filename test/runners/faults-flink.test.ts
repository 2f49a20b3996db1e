/**
 * Faults at seeded moments on Flink, which starts a failed job's tasks again: embedded, and on a cluster of a JobManager and two
 * TaskManagers. Few moments by default, as a run takes long; M4_FAULTS=20 asks for more.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { faultyJob, freezeWorkers, killWorker, strikeOften } from './faults.js';
import { noProcesses, workersBelow } from './processes.js';
import { startFlink } from './runners.js';

const TEST_MS = 19 * 60_000;
const count = Number(process.env.M4_FAULTS ?? 1);
const STALL_SECONDS = 45;

test('embedded Flink', { skip: noProcesses, timeout: TEST_MS }, async (t) => {
  const flink = await startFlink();
  if (flink.absent !== undefined) return t.skip(flink.absent);
  after(() => flink.stop());
  const runner = { name: 'flink', endpoint: flink.endpoint, environment: 'process', parallelism: 2, timeout: 300 };
  const job = { roots: [flink.pid] };

  await t.test('a worker that is killed in mid-bundle: the job recovers', async (s) => {
    const { recovered, landed } = await strikeOften(s, await faultyJob(s, runner, job), { count, inject: killWorker });
    assert.equal(recovered, landed);
  });

  await t.test('workers that hang: the job is given up', async (s) => {
    const hanging = await faultyJob(s, { ...runner, timeout: STALL_SECONDS }, job);
    const { failed } = await strikeOften(s, hanging, { count: 1, phases: ['write'], inject: freezeWorkers });
    for (const sentence of failed.keys()) assert.match(sentence, /made no progress for # s and was cancelled/);
  });
});

test('a Flink cluster', { skip: noProcesses, timeout: TEST_MS }, async (t) => {
  // All slots of one TaskManager are enough, so that the other may go.
  const cluster = { taskManagers: 2, slots: 2 };
  const settings = { name: 'flink', environment: 'process', parallelism: 2, timeout: 300 };

  await t.test('a worker that is killed in mid-bundle: the job recovers', async (s) => {
    const flink = await startFlink(cluster);
    if (flink.absent !== undefined) return s.skip(flink.absent);
    s.after(() => flink.stop());
    const roots = flink.taskManagerPids;
    const job = await faultyJob(s, { ...settings, endpoint: flink.endpoint }, { roots });
    const { recovered, landed } = await strikeOften(s, job, { count, inject: killWorker });
    assert.equal(recovered, landed);
  });

  for (const phase of ['count', 'write'] as const) {
    await t.test(`a TaskManager that is killed (${phase}): the job recovers on the other one`, async (s) => {
      const flink = await startFlink(cluster);
      if (flink.absent !== undefined) return s.skip(flink.absent);
      s.after(() => flink.stop());
      const roots = flink.taskManagerPids;
      const job = await faultyJob(s, { ...settings, endpoint: flink.endpoint }, { roots });
      const inject = (workers: readonly number[]) => {
        const victim = roots.find((manager) => workersBelow([manager]).includes(workers[0]!))!;
        process.kill(victim, 'SIGKILL');
        return `killed TaskManager ${victim}`;
      };
      const { recovered, landed } = await strikeOften(s, job, { count: 1, phases: [phase], inject });
      assert.equal(recovered, landed);
    });
  }
});
