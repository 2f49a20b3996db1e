/**
 * A run on gs:// that is killed at one of the requests of its commit: the last output is as it was or the new one is whole, and the same
 * command ends it. A proxy before fake-gcs-server counts the requests and kills the process.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { findLeftovers, removeLeftovers, runBalance } from '../../pipelines/index.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { demoBatch } from '../../scripts/demo-data.js';
import { ENDPOINT_VARIABLE } from '../../storage/gcs/gcs.js';
import { start } from '../end-to-end/command.js';
import { saveParquet } from '../end-to-end/inputs.js';
import { BUCKET, options, startEmulator } from './gcs.js';
import { type Passing, startProxy } from './gcs-proxy.js';

const ROWS = 300;
/** Requests of a commit of this size, from its first copy on, and some more: a kill after the end is none. */
const STEPS = 26;

const emulator = options.skip ? undefined! : await startEmulator();
const folder = mkdtempSync(join(tmpdir(), 'm4-balance-gs-'));
after(() => rmSync(folder, { recursive: true }));

/** Calls `onCommit` before and after each request from the first copy of a commit on. */
async function watchCommits() {
  const { endpoint, watch: requests } = await startProxy(emulator.endpoint);
  const watch: { onCommit?: ((step: number, when: 'before' | 'after') => boolean) | undefined } = {};
  let step = 0;
  const steps = new WeakMap<Passing, number>();
  requests.onRequest = (request, when) => {
    if (when === 'before') {
      if (request.url.includes('/rewriteTo/') || step > 0) step++;
      steps.set(request, step);
    }
    const now = steps.get(request)!;
    return now > 0 && watch.onCommit?.(now, when) === true;
  };
  return {
    endpoint,
    watch,
    begin: () => {
      step = 0;
    },
  };
}

describe('gs:// killed', options, () => {
  const inputs = `gs://${BUCKET}/in/*.parquet`;
  const configOf = (directory: string, seed: number) => ({
    // As a flag gives it: its form is a part of what a run is.
    input: { files: [inputs] },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    balance: { rate: 0.5, seed },
    output: { directory, formats: ['tfrecord'], shardRows: 60, overwrite: true },
  });
  const argumentsOf = (directory: string, seed: number) => [
    ...['balance', '--input', inputs, '--output', directory, '--rate', '0.5', '--seed', String(seed)],
    ...['--attributes', '{female: {lexicon: gender, value: female}}', '--output.formats', 'tfrecord'],
    ...['--output.shardRows', '60', '--output.overwrite', '--quiet'],
  ];
  const seedOf = async (out: string): Promise<number> => {
    const bytes = await emulator.storage.readAll(`${out}/manifest.json`);
    const { config, files } = JSON.parse(Buffer.from(bytes).toString());
    const there = await emulator.digests(out);
    for (const { path, sha256 } of files) assert.equal(there[path], sha256, `${path}, as the manifest says`);
    return config.balance.seed;
  };

  test('at any request of the commit: the output is the old or the new one, whole, and the same command ends it', async (t) => {
    const local = join(folder, 'in');
    mkdirSync(local);
    await saveParquet(join(local, 'a.parquet'), demoBatch(5, 0, ROWS), ROWS);
    await emulator.upload(local, `gs://${BUCKET}/in`);
    const previous = `gs://${BUCKET}/previous`;
    await runBalance(parseConfig(configOf(previous, 1)));
    const old = await emulator.digests(previous);

    const proxy = await watchCommits();
    const outcomes = { old: 0, new: 0, ended: 0, cleaned: 0, goneOn: 0 };
    for (let at = 1; at <= STEPS; at++) {
      const out = `gs://${BUCKET}/kill/${at}/out`;
      for (const path of Object.keys(old)) await emulator.storage.copy(`${previous}/${path}`, `${out}/${path}`);
      proxy.begin();
      process.env[ENDPOINT_VARIABLE] = proxy.endpoint;
      const victim = start(argumentsOf(out, 2));
      process.env[ENDPOINT_VARIABLE] = emulator.endpoint;
      // Odd ones never arrive; of even ones the answer does not.
      const when = at % 2 === 1 ? 'before' : 'after';
      proxy.watch.onCommit = (step, now) => {
        if (step < at || (step === at && now !== when)) return false;
        victim.process.kill('SIGKILL');
        return true;
      };
      const { signal, stderr } = await victim.finished;
      proxy.watch.onCommit = undefined;
      if (signal === null) outcomes.ended++;
      else outcomes[(await seedOf(out)) === 1 ? 'old' : 'new']++;
      assert.ok(signal === 'SIGKILL' || stderr === '', stderr);

      if (at % 5 === 0) {
        const published = await seedOf(out);
        const { leftovers } = await findLeftovers(out);
        await removeLeftovers(out, false);
        assert.equal(await seedOf(out), published, 'what is published stays');
        assert.deepEqual((await findLeftovers(out)).leftovers, []);
        if (leftovers.length > 0) outcomes.cleaned++;
      }
      // Every seventh is not gone on with.
      const seed = at % 7 === 3 ? 3 : 2;
      const logs: string[] = [];
      await runBalance(parseConfig(configOf(out, seed)), { onLog: (_, message) => logs.push(message) });
      if (logs.some((log) => log.startsWith('going on with run'))) outcomes.goneOn++;
      assert.equal(await seedOf(out), seed);
      assert.deepEqual((await findLeftovers(out)).leftovers, [], `nothing is left after a kill at request ${at}`);
      assert.deepEqual(await emulator.storage.listFiles(`${out}.partial`), []);
    }
    t.diagnostic(JSON.stringify(outcomes));
    assert.ok(
      outcomes.old > 5 && outcomes.new > 1 && outcomes.cleaned > 1 && outcomes.goneOn > 5,
      JSON.stringify(outcomes),
    );
  });
});
