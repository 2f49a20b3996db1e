import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { takeLock } from '../../pipelines/nightly/lock.js';
import { LockedError } from '../../schemas/errors.js';
import { localStorage } from '../../storage/local.js';
import { scratch } from '../end-to-end/scratch.js';

const later = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const claimIn = (root: string, given: object) => {
  mkdirSync(join(root, 'lock'), { recursive: true });
  const claim = { claim: 'x', host: hostname(), pid: process.pid, until: later(60_000), released: false, ...given };
  writeFileSync(join(root, 'lock', '000000007.json'), JSON.stringify(claim));
};
const lost = (error: Error) => {
  throw error;
};

describe('the lock of nightly', () => {
  test('of twenty that begin at once, one has it; after its release another', async (t) => {
    const root = scratch(t);
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => takeLock(root, 60, lost)));
    const held = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(held.length, 1);
    for (const result of taken) if (result.status === 'rejected') assert.ok(result.reason instanceof LockedError);
    await held[0]!.require();
    await held[0]!.release();
    await assert.rejects(held[0]!.require(), LockedError);
    await (await takeLock(root, 60, lost)).release();
  });

  test('claims that are made, released and removed while others look at them are no error', async (t) => {
    const root = scratch(t);
    let had = 0;
    const each = async () => {
      for (let i = 0; i < 10; i++) {
        const lock = await takeLock(root, 60, lost).catch((error: unknown) => {
          if (!(error instanceof LockedError)) throw error;
        });
        if (lock !== undefined) had++;
        await lock?.release();
      }
    };
    await Promise.all(Array.from({ length: 10 }, each));
    assert.ok(had >= 10, `${had}`);
  });

  test('of a dead process, and one whose lease is over, blocks nobody', async (t) => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (const dead of [{ pid }, { host: 'elsewhere', until: later(-1) }, { claim: 'of this pid, before a restart' }]) {
      const root = scratch(t);
      claimIn(root, dead);
      await (await takeLock(root, 60, lost)).release();
    }
  });

  test("of another machine is held until its lease is over, and names its owner's", async (t) => {
    const root = scratch(t);
    claimIn(root, { host: 'elsewhere', pid: 41 });
    await assert.rejects(takeLock(root, 60, lost), /process 41 of elsewhere, whose lease is until/);
    claimIn(root, { host: hostname(), pid: process.ppid });
    await assert.rejects(takeLock(root, 60, lost), LockedError);
  });

  test('is renewed while its owner works, and the owner is told when it is taken', async (t) => {
    const root = scratch(t);
    let told: Error | undefined;
    const lock = await takeLock(root, 0.3, (error) => {
      told ??= error;
    });
    const path = join(root, 'lock', '000000001.json');
    const until = () => JSON.parse(readFileSync(path, 'utf8')).until;
    const first = until();
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.ok(until() > first);
    await lock.require();
    claimIn(root, { host: 'elsewhere' });
    await assert.rejects(lock.require(), LockedError);
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.ok(told instanceof LockedError);
    await lock.release();
    assert.equal(JSON.parse(readFileSync(join(root, 'lock', '000000007.json'), 'utf8')).released, false);
  });
});

test('createNew makes a file once, whoever is first', async (t) => {
  const path = join(scratch(t), 'a', 'b.json');
  const made = await Promise.all(Array.from({ length: 8 }, (_, i) => localStorage.createNew(path, Buffer.from([i]))));
  assert.deepEqual(made.filter(Boolean).length, 1);
  assert.equal(readFileSync(path)[0], made.indexOf(true));
});
