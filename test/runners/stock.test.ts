/** The SDK's own worker and submission on real runners, beside ours on the same pipeline: why beam/ has its own. */
import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { impulse, type Root, reshuffle, runPortable, startWorkerPool, stringCoder } from '../../beam/index.js';
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

interface Stock {
  readonly end: string;
  readonly elements: number;
  readonly errors: readonly string[];
}

const runSdk = (endpoint: string, submission: 'sdk' | 'ours', length: number) =>
  runStock<Stock>('job', [endpoint, mkdtempSync(join(folder, 'sdk-')), submission, `${length}`]);

async function runOurs({ endpoint }: Started, length: number): Promise<number> {
  const outputs = mkdtempSync(join(folder, 'ours-'));
  const build = (root: Root) => {
    const { numberCoder } = steps;
    const from = impulse(root).parDo('numbers', steps.count(ELEMENTS), { coder: numberCoder });
    const padded = from.parDo('pad', steps.pad(length), { coder: stringCoder });
    const busy = reshuffle('spread', padded, stringCoder).parDo('busy', steps.busy(1), { coder: stringCoder });
    sink(reshuffle('again', busy, stringCoder), outputs);
  };
  const pool = await startWorkerPool({ start: inThisProcess });
  const signal = AbortSignal.timeout(60_000);
  await runPortable(build, { jobEndpoint: endpoint, jobName: 'ours', environment: { external: pool.address }, signal });
  await pool.stop();
  return new Set(linesOf(outputs)).size;
}

const SHORT = 10;
/** All elements together are 3.2 MB. */
const LONG = 8_000;

test('Prism: the submission of the SDK hangs, and its worker cannot say who it is', {
  skip: prism.absent,
}, async () => {
  assert.ok(prism.absent === undefined);
  const submitted = await runSdk(prism.endpoint, 'sdk', SHORT);
  assert.deepEqual([submitted.end, submitted.elements], ['hangs', 0]);
  const { end, elements } = await runSdk(prism.endpoint, 'ours', SHORT);
  assert.match(end, /worker id/);
  assert.equal(elements, 0);
  assert.equal(await runOurs(prism, SHORT), ELEMENTS);
});

test("Python's runner: the worker of the SDK hangs on 3 MB, or its job fails", { skip: python.absent }, async (t) => {
  assert.ok(python.absent === undefined);
  const short = await runSdk(python.endpoint, 'sdk', SHORT);
  assert.deepEqual([short.end, short.elements], ['DONE', ELEMENTS], 'it can run there at all');
  const long = await runSdk(python.endpoint, 'sdk', LONG);
  t.diagnostic(JSON.stringify(long).slice(0, 300));
  assert.notDeepEqual([long.end, long.elements], ['DONE', ELEMENTS]);
  assert.equal(await runOurs(python, LONG), ELEMENTS);
});
