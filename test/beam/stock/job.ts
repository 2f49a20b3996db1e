/**
 * A pipeline of the SDK, with its worker, on a real runner. Arguments: the job service, a folder for the
 * outputs, who submits, and the length of an element.
 */
import '../../../beam/node-util.js';
import 'apache-beam';
import { randomUUID } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Root } from 'apache-beam';
import { JobState_Enum as JobState } from 'apache-beam/proto/beam_job_api';
import { PortableRunner } from 'apache-beam/runners/portable_runner/runner';
import { requireForSerialization } from 'apache-beam/serialization';
import { withName } from 'apache-beam/transforms';
import { impulse } from 'apache-beam/transforms/internal';
import { reshuffle } from 'apache-beam/transforms/utils';
import { ExternalWorkerPool } from 'apache-beam/worker/external_worker_service';
import { runPortable } from '../../../beam/index.js';
import { muteConsole, orHangs, report } from './child.js';

/** A sound run takes a second or two. */
const HANGS_MS = 20_000;
/** What a worker does after the end of a bundle may still be written. */
const LATE_MS = 1_000;

const [endpoint, folder, submission, length] = process.argv.slice(2);
muteConsole();
const errors = new Set<string>();
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error) => errors.add(String(error)));

const fns = {
  numbers: () => Array.from({ length: 400 }, (_, i) => `${i} `.padEnd(Number(length), '-')),
  busy(x: string) {
    const end = performance.now() + 1;
    while (performance.now() < end);
    return x;
  },
  write(x: string) {
    writeFileSync(join(folder, randomUUID()), x);
    return x;
  },
};
requireForSerialization('m4-balance/test/stock-job', fns);

const build = (root: Root) =>
  root
    .apply(impulse())
    .flatMap(withName('numbers', fns.numbers))
    .apply(withName('spread', reshuffle()))
    .map(withName('busy', fns.busy))
    .apply(withName('again', reshuffle()))
    .map(withName('write', fns.write));

async function bySdk(): Promise<string> {
  const runner = new PortableRunner({ jobEndpoint: endpoint, environmentType: 'LOOPBACK', jobName: 'stock' } as any);
  const job = await runner.runAsync(build as any);
  return JobState[await job.waitUntilFinish()];
}

async function byOurs(): Promise<string> {
  const pool = new ExternalWorkerPool();
  await pool.start();
  const environment = { external: pool.address };
  await runPortable(build as any, { jobEndpoint: endpoint, jobName: 'stock', environment });
  return 'DONE';
}

const end = await orHangs(submission === 'sdk' ? bySdk() : byOurs(), HANGS_MS).catch(String);
await sleep(LATE_MS);
report({ end, elements: readdirSync(folder).length, errors: [...errors] });
