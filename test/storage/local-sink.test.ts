import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { allowHashThread, mayHashInThread } from '../../storage/hash-thread.js';
import { createSink } from '../../storage/local-sink.js';

const root = mkdtempSync(join(tmpdir(), 'sink-'));
const allowed = mayHashInThread();
after(() => {
  allowHashThread(allowed);
  rmSync(root, { recursive: true });
});

const MEBIBYTE = 1 << 20;
/** All content is cut from here. */
const noise = createNoise(12 * MEBIBYTE);

function createNoise(bytes: number): Uint8Array {
  const made = new Uint32Array(bytes / 4);
  for (let i = 0, state = 1; i < made.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    made[i] = state;
  }
  return new Uint8Array(made.buffer);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Writes `bytes` from memory that is written over as soon as a call allows it. */
async function written(name: string, bytes: Uint8Array, chunks: readonly number[]) {
  const sink = await createSink(join(root, name));
  const memory = new Uint8Array(Math.max(...chunks));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const count = Math.min(bytes.length - at, chunks[i % chunks.length]!);
    memory.set(bytes.subarray(at, at + count));
    await sink.write(memory.subarray(0, count));
    memory.fill(0xaa);
    at += count;
  }
  return sink.close();
}

test('what is written is there, with its SHA-256, in any chunks, with the thread and without', async () => {
  // Around a block, around all blocks of a file, and beyond.
  const near = [0, 1, MEBIBYTE, 4 * MEBIBYTE, 5 * MEBIBYTE].map((n) =>
    fc.integer({ min: Math.max(0, n - 2), max: n + 2 }),
  );
  const size = fc.oneof(...near, fc.nat(noise.length));
  const chunk = fc.oneof(fc.integer({ min: 1000, max: 100_000 }), fc.integer({ min: MEBIBYTE - 1, max: 5 * MEBIBYTE }));
  let files = 0;
  await fc.assert(
    fc.asyncProperty(
      size,
      fc.array(chunk, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (length, chunks, beside) => {
        allowHashThread(beside);
        const bytes = noise.subarray(noise.length - length);
        const name = `file-${files++}`;
        assert.deepEqual(await written(name, bytes, chunks), { bytes: length, sha256: sha256(bytes) });
        assert.ok(Buffer.from(bytes).equals(readFileSync(join(root, name))));
        rmSync(join(root, name));
      },
    ),
    { numRuns: 60 },
  );
  assert.deepEqual(readdirSync(root), []);
});

test('files that are written at once, one of them given up, keep to themselves', async () => {
  allowHashThread(true);
  const sinks = await Promise.all(['a', 'b', 'c'].map((name) => createSink(join(root, name))));
  for (let at = 0; at < 9 * MEBIBYTE; at += MEBIBYTE / 2) {
    await Promise.all(sinks.map((sink, i) => sink.write(noise.subarray(at + i, at + i + MEBIBYTE / 2))));
    if (at === 6 * MEBIBYTE) await sinks[1]!.abort();
    if (at >= 6 * MEBIBYTE) sinks.splice(1, sinks.length === 3 ? 1 : 0);
  }
  const [a, c] = await Promise.all(sinks.map((sink) => sink.close()));
  const content = (i: number, step: number) =>
    Buffer.concat(Array.from({ length: 18 }, (_, k) => noise.subarray(k * step + i, k * step + i + step)));
  assert.equal(a!.sha256, sha256(readFileSync(join(root, 'a'))));
  assert.equal(a!.sha256, sha256(content(0, MEBIBYTE / 2)));
  assert.equal(c!.sha256, sha256(readFileSync(join(root, 'c'))));
  assert.deepEqual(readdirSync(root).sort(), ['a', 'c']);
  await assert.rejects(sinks[0]!.write(noise), /expected an open file, got one that is closed/);
});

test('a disk that takes no more is told, by a write or by the close, and nothing is left', {
  skip: process.platform === 'win32',
}, () => {
  // A limit on the size of files stands for a full disk; the signal that comes with it is not wanted.
  const script = `
    process.on('SIGXFSZ', () => {});
    const { createSink } = await import(${JSON.stringify(new URL('../../storage/local-sink.js', import.meta.url).href)});
    const { allowHashThread } = await import(${JSON.stringify(new URL('../../storage/hash-thread.js', import.meta.url).href)});
    const { readdirSync } = await import('node:fs');
    for (const beside of [true, false]) {
      allowHashThread(beside);
      const sink = await createSink(process.argv[1] + '/full');
      let message = 'none';
      try {
        for (let i = 0; i < 20; i++) await sink.write(new Uint8Array(1 << 20));
        await sink.close();
      } catch (error) {
        message = error.message;
        await sink.abort();
      }
      console.log(message.includes('room for'), readdirSync(process.argv[1]).length);
    }`;
  const folder = mkdtempSync(join(root, 'full-'));
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 12288; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, script, folder],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, 'true 0\ntrue 0\n', stderr);
});

test('an idle thread does not keep the process', () => {
  const script = `
    const { createSink } = await import(${JSON.stringify(new URL('../../storage/local-sink.js', import.meta.url).href)});
    const { allowHashThread } = await import(${JSON.stringify(new URL('../../storage/hash-thread.js', import.meta.url).href)});
    allowHashThread(true);
    const sink = await createSink(process.argv[1]);
    await sink.write(new Uint8Array(6 << 20));
    console.log((await sink.close()).sha256);`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script, join(root, 'idle')], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0);
  assert.equal(stdout.trim(), sha256(new Uint8Array(6 << 20)));
});
