/** Faults at seeded moments on Prism, which has no retries: a job that loses a worker fails, and the same command goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultyJob, undisturbed } from './faults.js';
import { noProcesses } from './processes.js';
import { findPrism } from './runners.js';
import { freezeWorkers, killWorker, strikeOften } from './strike.js';

const prism = await findPrism();
const skip = prism === undefined ? 'no Prism; to install it: node scripts/runners/install-prism.mjs' : noProcesses;
/** Moments of a kill in each environment; a worker that hangs costs the runner's timeout each time. */
const KILLS = Math.ceil(Number(process.env.M4_FAULTS ?? 2) / 2);
const HANGS = { process: Math.ceil(Number(process.env.M4_FAULTS ?? 2) / 2), external: Math.ceil(KILLS / 2) };
const STALL_SECONDS = 25;

test('a worker of Prism that is killed in the fit of a stream: the job fails before its timeout', {
  skip,
  timeout: 19 * 60_000,
}, async (t) => {
  const runner = { name: 'prism', prism, environment: 'process', parallelism: 2, timeout: STALL_SECONDS };
  const job = await faultyJob(t, runner, { balance: { fit: 'stream', streams: 4 } });
  const phases = ['fit'] as const;
  const { failed } = await strikeOften(t, job, await undisturbed(job, phases), {
    count: KILLS,
    phases,
    inject: killWorker,
  });
  for (const sentence of failed.keys()) assert.doesNotMatch(sentence, /made no progress/);
});

for (const environment of ['process', 'external'] as const) {
  test(`workers of Prism (${environment})`, { skip, timeout: 19 * 60_000 }, async (t) => {
    const runner = { name: 'prism', prism, environment, parallelism: 2, timeout: STALL_SECONDS };
    const job = await faultyJob(t, runner);
    const known = await undisturbed(job);

    await t.test('killed in mid-bundle: the job fails before its timeout', async (s) => {
      const { failed } = await strikeOften(s, job, known, { count: KILLS, inject: killWorker });
      for (const sentence of failed.keys()) assert.doesNotMatch(sentence, /made no progress/);
    });

    await t.test('hanging: the job is given up', async (s) => {
      const { failed } = await strikeOften(s, job, known, { count: HANGS[environment], inject: freezeWorkers });
      for (const sentence of failed.keys()) assert.match(sentence, /made no progress for # s and was cancelled/);
    });
  });
}
