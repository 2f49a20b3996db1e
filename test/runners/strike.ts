/** Faults at many seeded moments, one run each, and what came of them. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { moments } from '../end-to-end/moments.js';
import {
  disturbed,
  type Fault,
  type Faulty,
  type PhaseName,
  POLL_MS,
  settle,
  type Tally,
  type Undisturbed,
  USUAL_PHASES,
} from './faults.js';
import { isAlive } from './processes.js';

/** Workers of a job that is over are gone within this time. */
const GONE_MS = 10_000;
/** Moments lie in this share of the time at work of a run without a fault: on a machine that is busier then, the rest may be over. */
const SPREAD = 0.6;

/** Fails where one of these processes outlives its job by more than a moment. */
export async function assertGone(workers: Iterable<number>): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  let left = [...workers].filter(isAlive);
  while (left.length > 0 && performance.now() < deadline) {
    await delay(POLL_MS * 10);
    left = left.filter(isAlive);
  }
  assert.deepEqual(left, [], 'workers that outlive their job');
}

/** Faults that come too late, on a machine that is faster then, are repeated this often for each that is asked for. */
const MISSES = 2;

/**
 * `count` faults at seeded moments, phases in turn, from a seeded one on.
 * @param how.lingering the runner lets the workers that were hit outlive their job
 */
export async function strikeOften(
  t: TestContext,
  job: Faulty,
  { expected, duration }: Undisturbed,
  {
    count,
    phases = USUAL_PHASES,
    lingering = false,
    ...how
  }: { count: number; phases?: readonly PhaseName[]; lingering?: boolean } & Pick<Fault, 'inject'>,
): Promise<Tally> {
  const seed = Number(process.env.M4_FAULT_SEED ?? Date.now() % 1e6);
  t.diagnostic(`M4_FAULT_SEED=${seed}`);
  const random = moments(seed);
  const tally: Tally = { landed: 0, recovered: 0, failed: new Map() };
  let missed = 0;
  while (tally.landed < count) {
    const turn = tally.landed;
    const phase = phases[(seed + turn) % phases.length]!;
    const after = ((turn + random()) / count) * SPREAD * duration[phase]!;
    const seen: number[] = [];
    const inject = (workers: readonly number[]) => {
      seen.push(...workers);
      return how.inject(workers);
    };
    const began = performance.now();
    const end = await disturbed(job, { phase, after, inject });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const outcome = end.code === 0 ? 'done' : `exit ${end.code}: ${end.sentence}`;
    t.diagnostic(`${phase} + ${after.toFixed()} ms: ${end.hit || 'missed'}; ${seconds} s; ${outcome}`);
    if (!lingering) await assertGone(seen);
    await settle(job, end, expected, tally);
    if (tally.landed === turn) missed++;
    assert.ok(missed <= MISSES * count, `${missed} of ${missed + tally.landed} came too late`);
  }
  const sentences = [...tally.failed].map(([text, times]) => `${times} times: ${text}`);
  t.diagnostic(`${count} landed; ${tally.recovered} recovered; ${sentences.join('; ')}`);
  return tally;
}

/** kill -9 of one worker that is at work, the oldest. */
export function killWorker([worker]: readonly number[]): string {
  process.kill(worker!, 'SIGKILL');
  return `killed worker ${worker}`;
}

/** Stops all workers that are at work, as if they hung. */
export function freezeWorkers(workers: readonly number[]): string {
  for (const worker of workers) process.kill(worker, 'SIGSTOP');
  return `froze ${workers.length} workers`;
}
