/** A request to the runner's state service that fails once, in the online mode, which has state: injected in the worker, beside real runners. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { moments } from '../end-to-end/moments.js';
import { digests } from '../end-to-end/scratch.js';
import { assertConserved, assertNothingLeft, command, faultyJob } from './faults.js';
import { findPrism, startFlink, workerEntry } from './runners.js';

const prism = await findPrism();
const flink = await startFlink();
after(() => flink.absent === undefined && flink.stop());

const STREAMS = 4;
/** Answers of the state service in a run without a fault: for each stream a read, then a clear and an append. */
const ANSWERS = 3 * STREAMS;
const TEST_MS = 18 * 60_000;

/** A command that starts a worker, one of whose state requests fails, once. */
function failingWorker(folder: string, at: number, marker: string): string {
  const script = join(folder, 'worker.sh');
  const inject = fileURLToPath(new URL('failing-state.js', import.meta.url));
  const settings = `FAIL_STATE_AT=${at} FAIL_STATE_MARKER='${marker}'`;
  writeFileSync(
    script,
    `#!/bin/sh\n${settings} exec '${process.execPath}' --import '${inject}' '${workerEntry}' "$@"\n`,
  );
  chmodSync(script, 0o755);
  return script;
}

async function strikeState(t: TestContext, runner: object, count: number, recovers: boolean): Promise<void> {
  const seed = Number(process.env.M4_FAULT_SEED ?? Date.now() % 1e6);
  t.diagnostic(`M4_FAULT_SEED=${seed}`);
  const random = moments(seed);
  let landed = 0;
  for (let i = 0; i < count; i++) {
    const at = Math.floor(((i + random()) / count) * ANSWERS);
    const balance = { fit: 'online', streams: STREAMS };
    const job = await faultyJob(t, {}, { balance });
    const marker = join(job.folder, 'failed');
    const workerCommand = failingWorker(job.folder, at, marker);
    job.set({ ...runner, environment: 'process', workerCommand, timeout: 120 });
    const { code, sentence, stdout } = await command(job);
    const hit = existsSync(marker);
    t.diagnostic(`answer ${at}: ${hit ? 'failed' : 'never came'}; exit ${code}: ${sentence}`);
    if (hit) landed++;
    if (recovers || !hit) assert.equal(code, 0, stdout);
    else {
      assert.equal(code, 1, sentence);
      assert.match(sentence, /state (get|clear|append) failed: injected: the state backend is gone.*\[in transform "/);
      assert.ok(!existsSync(job.out));
      assert.equal((await command(job)).code, 0);
    }
    // What a stream has learned depends on the order of arrival: the rows are promised, not the weights.
    assertConserved(job.out);
    assertNothingLeft(job.out);
    if (i === 0) assert.ok(Object.keys(digests(job.out)).length > 10);
    rmSync(job.out, { recursive: true });
  }
  t.diagnostic(`${landed} of ${count} landed`);
  assert.ok(landed >= count / 2);
}

const noPrism = prism === undefined ? 'no Prism; to install it: node scripts/runners/install-prism.mjs' : false;
test(
  'a state request that fails on Prism: a sentence, and the same command finishes',
  {
    skip: noPrism,
    timeout: TEST_MS,
  },
  (t) => strikeState(t, { name: 'prism', prism }, Number(process.env.M4_FAULTS ?? 1), false),
);

test('a state request that fails on Flink: the job recovers', {
  skip: flink.absent ?? false,
  timeout: TEST_MS,
}, (t) => {
  assert.ok(flink.absent === undefined);
  return strikeState(t, { name: 'flink', endpoint: flink.endpoint }, Number(process.env.M4_FAULTS ?? 1), true);
});
