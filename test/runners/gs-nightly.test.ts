/** `nightly` on gs://, against fake-gcs-server over HTTP: the same set as on a disk, and one run at a time by preconditions. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nightlyHistory, planNights, rollback, runNightly } from '../../pipelines/index.js';
import { takeLock } from '../../pipelines/nightly/lock.js';
import { ChangedError, LockedError } from '../../schemas/errors.js';
import { run, start } from '../end-to-end/command.js';
import { afterNight, nightlyConfig, saveNight } from '../end-to-end/nights.js';
import { BUCKET, options, startEmulator } from './gcs.js';
import { commandOf, localNights, markerOf, NIGHTLY, NIGHTS, outputsOf, PAIRS, ROWS, RUNS, told } from './gs-nights.js';

const emulator = options.skip ? undefined! : await startEmulator();
const { text, copyAll, requireWhole, requireClean } = outputsOf(emulator);
const { folder, data, expected } = await localNights();
/** The output after two nights. */
const TWO = `gs://${BUCKET}/two`;

const lost = (error: Error) => {
  throw error;
};

describe('nightly on gs://', options, () => {
  const remote = nightlyConfig(PAIRS, `gs://${BUCKET}/three`, NIGHTLY);
  const three = remote.output.directory;
  const waiting = nightlyConfig(PAIRS, three, { ...NIGHTLY, marker: `${PAIRS}/{date}/_SUCCESS` });
  test('three nights: after each, the set is that of the disk, byte for byte; again, nothing is new', async () => {
    for (const [i, night] of NIGHTS.entries()) {
      // No marker yet: the night waits.
      await emulator.upload(join(data, night), `${PAIRS}/${night}`);
      const { compared } = await planNights(waiting, { now: afterNight(night) });
      assert.match(compared.waiting[0]!.reason, /there is no gs:\/\/data\/pairs\/.*_SUCCESS yet/);
      await emulator.storage.createNew(markerOf(night), new Uint8Array(0));

      const { code, stdout, stderr } = await run(commandOf(three, night));
      assert.equal(code, 0, `${stderr}${stdout}`);
      const { latest, ledger, files } = await requireWhole(three);
      assert.deepEqual(told(files), expected[i]);
      assert.equal(ledger.figures.rows, ROWS * (i + 1));
      assert.equal(latest.run, RUNS[i]);
      await requireClean(three, RUNS.slice(0, i + 1));
      if (i === 1) await copyAll(three, TWO);
    }
    const before = await emulator.digests(three);
    const again = await runNightly(remote, { now: afterNight(NIGHTS[2]) });
    assert.equal(again.outcome, 'nothing new');
    const { 'latest.json': latest } = await emulator.digests(three);
    assert.equal(latest, before['latest.json']);
    await requireClean(three, RUNS);
  });

  test('history and rollback: an earlier run is in use, and the next night takes again what it does not have', async () => {
    const out = `gs://${BUCKET}/back`;
    await copyAll(three, out);
    assert.deepEqual(
      (await nightlyHistory(out)).map((entry) => [entry.run, entry.inUse, entry.figures?.rows]),
      [...RUNS].reverse().map((run, i) => [run, i === 0, ROWS * (3 - i)]),
    );
    const back = await run(['rollback', out, RUNS[1]!, '--json']);
    assert.equal(back.code, 0, back.stderr);
    const { latest, files } = await requireWhole(out);
    assert.equal(latest.run, RUNS[1]);
    assert.deepEqual(told(files), expected[1]);
    const shown = await run(['history', out]);
    assert.match(shown.stdout, /^\* 2026-05-03T03-00Z {2}rollback {2}2 nights, 600 rows/);
    await assert.rejects(rollback(out, '2026-01-01T00-00Z'), /expected a finished run of nightly/);

    const config = nightlyConfig(PAIRS, out, NIGHTLY);
    const again = await runNightly(config, { now: new Date(afterNight(NIGHTS[2]).getTime() + 60_000) });
    assert.equal(again.outcome, 'published');
    const now = await requireWhole(out);
    assert.equal(now.ledger.figures.rows, 3 * ROWS);
    assert.deepEqual(
      now.latest.history.map(({ kind }) => kind),
      ['publish', 'publish', 'publish', 'rollback', 'publish'],
    );
  });

  test('a file that is replaced is found by its generation, and counts as it is now', async () => {
    const out = `gs://${BUCKET}/late`;
    const own = `gs://${BUCKET}/late-pairs`;
    for (const night of NIGHTS) await emulator.upload(join(data, night), `${own}/${night}`);
    const config = nightlyConfig(own, out, { ...NIGHTLY, gates: { ...NIGHTLY.gates, rows: 'off', drift: 'off' } });
    await runNightly(config, { now: afterNight(NIGHTS[2]) });
    await emulator.upload(join(data, NIGHTS[1]), `${own}/${NIGHTS[1]}`);
    const same = await runNightly(config, { now: new Date(afterNight(NIGHTS[2]).getTime() + 60_000) });
    assert.equal(same.outcome, 'published', 'of the same bytes, but another generation');
    assert.deepEqual([same.ledger!.figures.newNights, same.ledger!.figures.rows], [1, 3 * ROWS]);
    const other = join(folder, 'other');
    await saveNight(other, NIGHTS[1], { seed: 9, rows: 250 });
    await emulator.upload(join(other, NIGHTS[1]), `${own}/${NIGHTS[1]}`);
    await runNightly(config, { now: new Date(afterNight(NIGHTS[2]).getTime() + 120_000) });
    assert.equal((await requireWhole(out)).ledger.figures.rows, 2 * ROWS + 250);
  });

  test('two at once: one wins, the other says so with exit code 11', async () => {
    const out = `gs://${BUCKET}/both`;
    await copyAll(TWO, out);
    // It stops in its tracks, holding the lock, while the other tries.
    let stopped = false;
    const first = start(commandOf(out, NIGHTS[2]), (stdout) => {
      if (stopped || !stdout.includes('"event":"start"')) return;
      stopped = true;
      first.process.kill('SIGSTOP');
      reached();
    });
    let reached!: () => void;
    await Promise.race([
      new Promise<void>((resolve) => {
        reached = resolve;
      }),
      first.finished,
    ]);
    assert.ok(stopped);
    const second = await run(commandOf(out, NIGHTS[2])).finally(() => first.process.kill('SIGCONT'));
    assert.equal(second.code, 11, second.stderr);
    assert.match(second.stdout, new RegExp(`"exitCode":11.*process ${first.process.pid} of `));
    const { code, stderr } = await first.finished;
    assert.equal(code, 0, stderr);
    const { latest, files } = await requireWhole(out);
    assert.equal(latest.history.length, 3);
    assert.deepEqual(told(files), expected[2]);
    await requireClean(out, RUNS);
  });

  test('of many that take the lock at once one has it, round by round, and each other is told that it is locked', async () => {
    const out = `gs://${BUCKET}/lock`;
    for (let round = 0; round < 8; round++) {
      const taken = await Promise.allSettled(Array.from({ length: 10 }, () => takeLock(out, 60, lost)));
      const held = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      for (const result of taken)
        if (result.status === 'rejected') assert.ok(result.reason instanceof LockedError, String(result.reason));
      assert.equal(held.length, 1);
      await held[0]!.require();
      await held[0]!.release();
    }
    // Some are still looking while others are done: claims are made, released and removed under their eyes.
    const ends = await Promise.allSettled(
      Array.from({ length: 10 }, async () => {
        for (let i = 0; i < 5; i++) {
          try {
            await (await takeLock(out, 60, lost)).release();
          } catch (error) {
            if (!(error instanceof LockedError)) throw error;
          }
        }
      }),
    );
    for (const end of ends) if (end.status === 'rejected') assert.fail(String(end.reason));
  });

  test('the lock is asked for while it is renewed, and is held', async () => {
    const lock = await takeLock(`gs://${BUCKET}/renewed`, 0.6, lost);
    const end = performance.now() + 900;
    while (performance.now() < end) await lock.require();
    await lock.release();
    await assert.rejects(lock.require(), LockedError);
  });

  test('a run behind whose back another switched does not switch', async () => {
    const out = `gs://${BUCKET}/switched`;
    await copyAll(TWO, out);
    const before = await text(`${out}/latest.json`);
    const late = runNightly(
      nightlyConfig(PAIRS, out, NIGHTLY),
      { now: afterNight(NIGHTS[2]) },
      {
        async onEvent(event) {
          if (event.event !== 'stage' || event.stage !== 'committed') return;
          // The same bytes: only the generation tells.
          const version = await emulator.storage.versionOf(`${out}/latest.json`);
          await emulator.storage.replace(`${out}/latest.json`, Buffer.from(before), version);
        },
      },
    );
    await assert.rejects(late, (error) => {
      assert.ok(error instanceof ChangedError, String(error));
      assert.match(error.message, /latest\.json/);
      return true;
    });
    assert.equal(await text(`${out}/latest.json`), before);
    await requireWhole(out);
    // The next one does, without what the late one left.
    await runNightly(nightlyConfig(PAIRS, out, NIGHTLY), { now: afterNight(NIGHTS[2]) });
    assert.deepEqual(told((await requireWhole(out)).files), expected[2]);
    await requireClean(out, RUNS);
  });
});
