/** How many workers an embedded Flink starts, and what they are told of their cores: it would give all bundles to one by itself. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ONE_CORE } from '../../schemas/cores.js';
import { command, faultyJob } from './faults.js';
import { noProcesses, workersBelow } from './processes.js';
import { startFlink } from './runners.js';

const flink = await startFlink();
after(() => flink.absent === undefined && flink.stop());
const POLL_MS = 20;

/** The environments of all workers that were seen, by process. */
async function workersOf(runner: object, t: Parameters<typeof faultyJob>[0]): Promise<Map<number, string>> {
  assert.ok(flink.absent === undefined);
  const settings = { name: 'flink', environment: 'process', endpoint: flink.endpoint, timeout: 120 };
  const job = await faultyJob(t, { ...settings, ...runner });
  const seen = new Map<number, string>();
  let over = false;
  const watch = (async () => {
    while (!over) {
      for (const pid of workersBelow([flink.pid])) {
        try {
          if (!seen.has(pid)) seen.set(pid, readFileSync(`/proc/${pid}/environ`, 'utf8'));
        } catch {
          // It has ended.
        }
      }
      await delay(POLL_MS);
    }
  })();
  const { code, stdout } = await command(job);
  over = true;
  await watch;
  assert.equal(code, 0, stdout);
  return seen;
}

const options = { skip: flink.absent ?? noProcesses, timeout: 300_000 };
/** Jobs of the run that tests use: count and write. */
const JOBS = 2;

test('as many workers as parallelism, each on one core where there are no more', options, async (t) => {
  const cores = availableParallelism();
  const workers = await workersOf({ parallelism: Math.max(2, cores) }, t);
  assert.equal(workers.size, JOBS * Math.max(2, cores));
  for (const variables of workers.values()) assert.ok(variables.includes(`${ONE_CORE}=1`));
});

test('workersPerMachine has the last word', options, async (t) => {
  const workers = await workersOf({ parallelism: 2, workersPerMachine: 1 }, t);
  assert.equal(workers.size, JOBS);
  for (const variables of workers.values()) {
    assert.equal(variables.includes(`${ONE_CORE}=1`), availableParallelism() === 1);
  }
});
