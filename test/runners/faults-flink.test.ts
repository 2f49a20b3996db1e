/**
 * Faults at seeded moments on Flink, which starts a failed job's tasks again: embedded, and on a cluster of a JobManager and
 * TaskManagers. Few moments by default, as a run takes long; M4_FAULTS=20 asks for more.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Faulty, faultyJob, type Tally, undisturbed } from './faults.js';
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
const STREAM = { fit: 'stream', streams: 4 };
const settings = { name: 'flink', environment: 'process', parallelism: 2, timeout: 300 };

/**
 * Beam's Flink may give tasks that are started again to the worker that is gone, until its attempts are used up (ten as well as three, and however
 * long it waits between them): then the job fails with this sentence, and, as `strikeOften` asserts, the same command finishes it.
 */
function assertRecovers({ landed, recovered, failed }: Tally, count: number): void {
  for (const sentence of failed.keys()) assert.match(sentence, /CANCELLED: call already cancelled/);
  assert.equal(landed, count);
  assert.ok(recovered >= Math.floor(count / 2), `${recovered} of ${count} recovered`);
}

/** A Flink for the test, and a job on it; undefined, and the test skipped, where there is none. */
async function flinkJob(
  t: TestContext,
  cluster: { taskManagers?: number; slots?: number } = {},
  balance: object = {},
): Promise<{ readonly flink: StartedFlink; readonly job: Faulty } | undefined> {
  const flink = await startFlink(cluster);
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
    assertRecovers(await strikeOften(s, job, known, { count, inject: killWorker }), count);
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
  assertRecovers(await strikeOften(t, begun.job, known, { count, phases, inject: killWorker }), count);
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
      assertRecovers(await strikeOften(s, job, known, { count: moments, inject: killWorker }), moments);
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
