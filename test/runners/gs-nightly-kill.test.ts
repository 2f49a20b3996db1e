/**
 * `nightly` on gs:// that is killed at its requests: the set in use is the old or the new one, whole, and the same command publishes once
 * and counts each night once. A proxy before fake-gcs-server sees the requests.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { rollback, runNightly } from '../../pipelines/index.js';
import { ENDPOINT_VARIABLE } from '../../storage/gcs/gcs.js';
import { run, start } from '../end-to-end/command.js';
import { afterNight, nightlyConfig } from '../end-to-end/nights.js';
import { BUCKET, options, startEmulator } from './gcs.js';
import { startProxy, type Watch } from './gcs-proxy.js';
import { commandOf, localNights, markerOf, NIGHTLY, NIGHTS, outputsOf, PAIRS, ROWS, RUNS, told } from './gs-nights.js';

const emulator = options.skip ? undefined! : await startEmulator();
const proxy = options.skip ? undefined! : await startProxy(emulator.endpoint);
const { namesIn, copyAll, requireWhole, requireClean } = outputsOf(emulator);
const { data, expected } = await localNights();
/** The output after two nights. */
const TWO = `gs://${BUCKET}/two`;
if (!options.skip) {
  for (const night of NIGHTS) {
    await emulator.upload(join(data, night), `${PAIRS}/${night}`);
    await emulator.storage.createNew(markerOf(night), new Uint8Array(0));
  }
  for (const night of NIGHTS.slice(0, 2))
    await runNightly(nightlyConfig(PAIRS, TWO, NIGHTLY), { now: afterNight(night) });
}

describe('nightly on gs:// killed', options, () => {
  /** Starts the night's command so that its requests go by the proxy. */
  function startWatched(args: readonly string[], watch: Watch) {
    proxy.watch.onRequest = watch;
    process.env[ENDPOINT_VARIABLE] = proxy.endpoint;
    const started = start(args);
    process.env[ENDPOINT_VARIABLE] = emulator.endpoint;
    return started;
  }

  test('answers that are lost, of requests that were carried out: it goes on, and publishes once', async () => {
    const out = `gs://${BUCKET}/answers`;
    await copyAll(TWO, out);
    const lose = [/\/lock\/\d+\.json$/, /\/runs\/[^/]*\/manifest\.json$/, /\/latest\.json$/];
    const { finished } = startWatched(commandOf(out, NIGHTS[2]), ({ object, method }, when) => {
      const at = method === 'POST' && when === 'after' ? lose.findIndex((name) => name.test(object ?? '')) : -1;
      return at >= 0 && lose.splice(at, 1).length > 0;
    });
    const { code, stderr } = await finished;
    assert.equal(code, 0, stderr);
    assert.deepEqual(lose, []);
    const { latest, files } = await requireWhole(out);
    assert.equal(latest.history.length, 3);
    assert.deepEqual(told(files), expected[2]);
    await requireClean(out, RUNS);
  });

  test('killed while it removes an old run: nobody goes back to half a run, and the same call removes the rest', async () => {
    const out = `gs://${BUCKET}/retired`;
    await copyAll(TWO, out);
    const args = commandOf(out, NIGHTS[2], '--nightly.keep', '1', '--nightly.scope', 'window');
    const whole = (await namesIn(`${out}/runs/${RUNS[1]}`)).length;
    const REMOVED = 3;
    let asked = 0;
    const victim = startWatched(args, ({ object, method }, when) => {
      const removes = when === 'before' && method === 'DELETE' && object?.includes(`/runs/${RUNS[1]}/`);
      if (removes && ++asked > REMOVED) victim.process.kill('SIGKILL');
      return removes === true && asked > REMOVED;
    });
    assert.equal((await victim.finished).signal, 'SIGKILL');
    proxy.watch.onRequest = undefined;
    const half = await namesIn(`${out}/runs/${RUNS[1]}`);
    assert.equal(half.length, whole - REMOVED);
    assert.ok(half.length > REMOVED);
    const before = await emulator.digests(out);
    // By the command and by the function: refused, and not an object is another than before, but for the lock.
    const refused = await run(['rollback', out, RUNS[1]!]);
    assert.equal(refused.code, 3, refused.stderr);
    await assert.rejects(rollback(out, RUNS[1]!), /expected a finished run of nightly, got none/);
    const unlocked = (digests: Record<string, string>) =>
      Object.entries(digests).filter(([path]) => !path.startsWith('lock/'));
    assert.deepEqual(unlocked(await emulator.digests(out)), unlocked(before));
    const { latest, files } = await requireWhole(out);
    assert.deepEqual([latest.run, latest.history.length], [RUNS[2], 3], 'what is in use is whole');
    assert.ok(files.length > 0);
    const again = await run(args);
    assert.equal(again.code, 0, again.stderr);
    assert.equal((await requireWhole(out)).latest.history.length, 3);
    await requireClean(out, [RUNS[2]!]);
  });

  /** Requests at which a run is killed: the object that is written, copied to or removed, and which of them it is. */
  const KILLS: readonly (readonly [object: RegExp, nth: number, when: 'before' | 'after', inUse: 'old' | 'new'])[] = [
    [/^lock\/\d+\.json$/, 1, 'after', 'old'],
    [/^nights\/.*\/state\.json$/, 1, 'after', 'old'],
    [/^work\/commit\/attempt$/, 1, 'after', 'old'],
    [/^runs\/.*\.arrow$/, 1, 'after', 'old'],
    [/^runs\/[^/]*\/manifest\.json$/, 1, 'before', 'old'],
    [/^runs\/[^/]*\/manifest\.json$/, 1, 'after', 'old'],
    [/^latest\.json$/, 1, 'before', 'old'],
    [/^latest\.json$/, 1, 'after', 'new'],
    [/^work\//, -1, 'after', 'new'],
  ];

  test('killed at any of its requests: the set in use is the old or the new one, whole, and the same call ends it, once', async (t) => {
    const now = afterNight(NIGHTS[2]);
    for (const [i, [object, nth, when, inUse]] of KILLS.entries()) {
      const out = `gs://${BUCKET}/kill/${i}`;
      await copyAll(TWO, out);
      const prefix = out.slice(`gs://${BUCKET}/`.length);
      let switched = false;
      let seen = 0;
      let dead = false;
      const victim = startWatched(commandOf(out, NIGHTS[2]), (request, at) => {
        if (dead) return true;
        const name = request.object?.slice(prefix.length + 1);
        if (name === undefined) return false;
        if (name === 'latest.json' && at === 'after') switched = true;
        // Negative: the first removal behind the switch.
        const counts = nth > 0 ? request.method === 'POST' : switched && request.method === 'DELETE';
        if (!counts || !object.test(name) || at !== when || ++seen !== Math.abs(nth)) return false;
        dead = true;
        victim.process.kill('SIGKILL');
        return true;
      });
      const { signal, stderr } = await victim.finished;
      proxy.watch.onRequest = undefined;
      assert.equal(signal, 'SIGKILL', `${object} was never ${when}: ${stderr}`);
      const place = `killed ${when} ${object}`;
      const between = await requireWhole(out);
      assert.equal(between.latest.history.length, inUse === 'old' ? 2 : 3, place);
      assert.deepEqual(told(between.files), expected[inUse === 'old' ? 1 : 2], place);

      await runNightly(nightlyConfig(PAIRS, out, NIGHTLY), { now });
      const { latest, ledger, files } = await requireWhole(out);
      assert.equal(latest.history.length, 3, `${place}: published once`);
      assert.deepEqual([latest.run, ledger.figures.rows], [RUNS[2], 3 * ROWS], place);
      assert.deepEqual(told(files), expected[2], place);
      await requireClean(out, RUNS);
    }
    t.diagnostic(`${KILLS.length} kills`);
  });
});
