/** A disk that fills during a run, at seeded sizes, in this process and in workers of Prism and Flink. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EXIT } from '../../cli/exit-codes.js';
import { moments } from '../end-to-end/moments.js';
import { digests, filesBelow } from '../end-to-end/scratch.js';
import { assertConserved, assertNothingLeft, command, faultyJob } from './faults.js';
import { findPrism, startFlink } from './runners.js';
import { mountSmallDisk } from './small-disk.js';

const prism = await findPrism();
const noPrism = prism === undefined ? 'no Prism; to install it: node scripts/runners/install-prism.mjs' : false;
/** A disk that is full stays so: tasks that are started again would fail again. */
const flink = await startFlink({ restarts: 0 });
after(() => flink.absent === undefined && flink.stop());
const LARGE_BYTES = 256 << 20;
const TEST_MS = 18 * 60_000;
/** Runs in this process cost less. */
const asked = process.env.M4_FAULTS;
const SIZES = { direct: Number(asked ?? 2), prism: Number(asked ?? 1), flink: Number(asked ?? 1) };
const workers = { environment: 'process', timeout: 60 };
const onFlink = flink.absent === undefined && { endpoint: flink.endpoint, parallelism: 2 };

const RUNNERS = [
  { name: 'direct' as const, skip: false, runner: {} },
  { name: 'prism' as const, skip: noPrism, runner: { name: 'prism', prism, ...workers } },
  { name: 'flink' as const, skip: flink.absent ?? false, runner: { name: 'flink', ...workers, ...onFlink } },
];

for (const { name, skip, runner } of RUNNERS) {
  test(`a disk that fills, ${name} runner`, { skip, timeout: TEST_MS }, async (t) => {
    const disk = mountSmallDisk(t, LARGE_BYTES);
    if (typeof disk === 'string') return t.skip(disk);
    const seed = Number(process.env.M4_FAULT_SEED ?? Date.now() % 1e6);
    t.diagnostic(`M4_FAULT_SEED=${seed}`);
    const random = moments(seed);
    const out = join(disk.folder, 'out');
    const job = await faultyJob(t, runner, { out });
    const first = await command(job);
    assert.equal(first.code, 0, first.stdout);
    const expected = digests(out);
    const used = disk.usedBytes();
    rmSync(out, { recursive: true });

    for (let i = 0; i < SIZES[name]; i++) {
      const bytes = Math.ceil(((i + random()) / SIZES[name]) * used);
      disk.resize(bytes);
      const { code, sentence, stderr } = await command(job);
      t.diagnostic(`${bytes} of ${used} bytes: exit ${code}: ${sentence}`);
      assert.equal(code, EXIT.storage, sentence);
      assert.match(sentence, /expected .*, got no space left on the device/);
      assert.equal(stderr, '');
      assert.ok(!existsSync(out), 'no output of a run that failed');
      const unfinished = filesBelow(`${out}.partial`).filter((file) => file.endsWith('.tmp'));
      if (name === 'direct') assert.deepEqual(unfinished, [], 'what could not be written whole is removed');
      disk.resize(LARGE_BYTES);
      const again = await command(job);
      assert.equal(again.code, 0, again.stdout);
      assert.deepEqual(digests(out), expected);
      assertConserved(out);
      assertNothingLeft(out);
      rmSync(out, { recursive: true });
    }
  });
}
