/** Faults at seeded moments on Prism, which has no retries: a job that loses a worker fails, and the same command goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultyJob, freezeWorkers, killWorker, strikeOften } from './faults.js';
import { noProcesses } from './processes.js';
import { findPrism } from './runners.js';

const prism = await findPrism();
const skip = prism === undefined ? 'no Prism; to install it: node scripts/runners/install-prism.mjs' : noProcesses;
const options = { skip, timeout: 18 * 60_000 };
/** Moments of a kill, which a run outlives by little; a worker that hangs costs the runner's timeout each time. */
const KILLS = Number(process.env.M4_FAULTS ?? 5);
const HANGS = Number(process.env.M4_FAULTS ?? 1);
const STALL_SECONDS = 25;

describe('on Prism', { skip }, () => {
  for (const environment of ['process', 'external'] as const) {
    const runner = { name: 'prism', prism, environment, parallelism: 2, timeout: STALL_SECONDS };
    test(`a worker (${environment}) that is killed in mid-bundle`, options, async (t) => {
      await strikeOften(t, await faultyJob(t, runner), { count: Math.ceil(KILLS / 2), inject: killWorker });
    });

    test(`a worker (${environment}) that hangs`, options, async (t) => {
      const { failed, landed } = await strikeOften(t, await faultyJob(t, runner), {
        count: Math.ceil(HANGS / 2),
        inject: freezeWorkers,
      });
      const stalled = [...failed].filter(([text]) => /made no progress for # s and was cancelled/.test(text));
      assert.equal(
        stalled.reduce((sum, [, times]) => sum + times, 0),
        landed,
      );
    });
  }
});
