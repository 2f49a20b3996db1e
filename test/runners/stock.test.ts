/** The SDK's own worker and submission on real runners, beside ours on the same pipeline: why beam/ has its own. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { impulse, type Root, reshuffle, runPortable, startWorkerPool } from '../../beam/index.js';
import { inThisProcess } from '../../beam/worker-pool.js';
import { runStock } from '../beam/stock/child.js';
import { linesOf } from './comparison.js';
import { sink } from './pipelines.js';
import { type Started, startPrism, startPythonRunner } from './runners.js';
import * as steps from './steps.js';

/** As many as the SDK's pipeline has, each a millisecond of work; see beam/stock/job.ts. */
const ELEMENTS = 400;
const prism = await startPrism();
const python = await startPythonRunner();
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-stock-'));
after(async () => {
  for (const runner of [prism, python]) if (runner.absent === undefined) await runner.stop();
  rmSync(folder, { recursive: true, force: true });
});

const runSdk = (endpoint: string, submission: 'sdk' | 'ours') =>
  runStock<{ end: string; lines: number }>('job', [endpoint, mkdtempSync(join(folder, 'sdk-')), submission]);

async function runOurs({ endpoint }: Started): Promise<number> {
  const outputs = mkdtempSync(join(folder, 'ours-'));
  const build = (root: Root) => {
    const { numberCoder } = steps;
    const from = impulse(root).parDo('numbers', steps.count(ELEMENTS), { coder: numberCoder });
    const busy = reshuffle('spread', from, numberCoder).parDo('busy', steps.busy(1), { coder: numberCoder });
    sink(reshuffle('again', busy, numberCoder), outputs);
  };
  const pool = await startWorkerPool({ start: inThisProcess });
  const signal = AbortSignal.timeout(60_000);
  await runPortable(build, { jobEndpoint: endpoint, jobName: 'ours', environment: { external: pool.address }, signal });
  await pool.stop();
  return new Set(linesOf(outputs)).size;
}

test('Prism: the submission of the SDK hangs, and its worker cannot say who it is', {
  skip: prism.absent,
}, async () => {
  assert.ok(prism.absent === undefined);
  assert.deepEqual(await runSdk(prism.endpoint, 'sdk'), { end: 'hangs', lines: 0 });
  const { end, lines } = await runSdk(prism.endpoint, 'ours');
  assert.match(end, /worker id/);
  assert.equal(lines, 0);
  assert.equal(await runOurs(prism), ELEMENTS);
});

test("Python's runner: the worker of the SDK loses elements of a job that succeeds", {
  skip: python.absent,
}, async (t) => {
  assert.ok(python.absent === undefined);
  const { end, lines } = await runSdk(python.endpoint, 'sdk');
  t.diagnostic(`the SDK: ${end}, ${lines} of ${ELEMENTS} elements`);
  assert.equal(end, 'DONE');
  assert.ok(lines < ELEMENTS, `${lines}`);
  assert.equal(await runOurs(python), ELEMENTS);
});
