/**
 * Faults at seeded moments on Flink, which starts a failed job's tasks again: embedded, and on a cluster of a JobManager and
 * TaskManagers. Few moments by default, as a run takes long; M4_FAULTS=20 asks for more.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Faulty, faultyJob, undisturbed } from './faults.js';
import { noProcesses, workersBelow } from './processes.js';
import { type StartedFlink, startFlink } from './runners.js';
import { freezeWorkers, killWorker, strikeOften } from './strike.js';

const TEST_MS = 19 * 60_000;
const options = { skip: noProcesses, timeout: TEST_MS };
const count = Number(process.env.M4_FAULTS ?? 1);
/** Workers that hang cost the job's timeout each, here and on Prism, which has the other moments. */
const HANGS = Math.ceil(count / 4);
/** TaskManagers that one cluster loses, one after the other. */
const MOST_LOST = 5;
const CLUSTERS = Math.ceil(count / MOST_LOST);
const STALL_SECONDS = 45;
/** Flink may give a task to a worker that is gone several times before it starts another: three attempts were used up so, twice in 60 kills. */
const RESTARTS = 10;
const STREAM = { fit: 'stream', streams: 4 };
const settings = { name: 'flink', environment: 'process', parallelism: 2, timeout: 300 };

/** A Flink for the test, and a job on it; undefined, and the test skipped, where there is none. */
async function flinkJob(
  t: TestContext,
  cluster: { taskManagers?: number; slots?: number } = {},
  balance: object = {},
): Promise<{ readonly flink: StartedFlink; readonly job: Faulty } | undefined> {
  const flink = await startFlink({ ...cluster, restarts: RESTARTS });
  if (flink.absent !== undefined) {
    t.skip(flink.absent);
    return undefined;
  }
  t.after(() => flink.stop());
  const roots = cluster.taskManagers === undefined ? [flink.pid] : flink.taskManagerPids;
  return { flink, job: await faultyJob(t, { ...settings, endpoint: flink.endpoint }, { roots, balance }) };
}

test('workers of an embedded Flink', options, async (t) => {
  const begun = await flinkJob(t);
  if (begun === undefined) return;
  const { flink, job } = begun;
  const known = await undisturbed(job);

  await t.test('killed in mid-bundle: the job recovers', async (s) => {
    const { recovered } = await strikeOften(s, job, known, { count, inject: killWorker });
    assert.equal(recovered, count);
  });

  await t.test('hanging: the job is given up', async (s) => {
    job.set({ ...settings, endpoint: flink.endpoint, timeout: STALL_SECONDS });
    // Flink waits for them, for more than four minutes.
    const how = { inject: freezeWorkers, lingering: true };
    const { failed } = await strikeOften(s, job, known, { count: HANGS, phases: ['write'], ...how });
    for (const sentence of failed.keys()) assert.match(sentence, /made no progress for # s and was cancelled/);
  });
});

test('a worker of an embedded Flink that is killed in the fit of a stream: the job recovers', options, async (t) => {
  const begun = await flinkJob(t, {}, STREAM);
  if (begun === undefined) return;
  const phases = ['fit'] as const;
  const known = await undisturbed(begun.job, phases);
  const { recovered } = await strikeOften(t, begun.job, known, { count, phases, inject: killWorker });
  assert.equal(recovered, count);
});

/** All slots of one TaskManager are enough for the job, so that all others may go. */
const SLOTS = 2;

for (let i = 0; i < CLUSTERS; i++) {
  const moments = Math.min(MOST_LOST, count - i * MOST_LOST);
  test(`a Flink cluster, ${i + 1} of ${CLUSTERS}`, options, async (t) => {
    const begun = await flinkJob(t, { taskManagers: moments + 1, slots: SLOTS });
    if (begun === undefined) return;
    const { job } = begun;
    const known = await undisturbed(job);

    await t.test('a worker that is killed in mid-bundle: the job recovers', async (s) => {
      const { recovered } = await strikeOften(s, job, known, { count: moments, inject: killWorker });
      assert.equal(recovered, moments);
    });

    await t.test('a TaskManager that is killed: the job recovers on another one', async (s) => {
      const inject = (workers: readonly number[]) => {
        const victim = job.roots.find((manager) => workersBelow([manager]).includes(workers[0]!))!;
        process.kill(victim, 'SIGKILL');
        return `killed TaskManager ${victim}`;
      };
      const { recovered } = await strikeOften(s, job, known, { count: moments, inject });
      assert.equal(recovered, moments);
    });
  });
}
