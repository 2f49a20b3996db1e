import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forward } from '../../formats/forward.js';
import type { ByteSource } from '../../schemas/bytes.js';

const MEBIBYTE = 1 << 20;
const content = new Uint8Array(9 * MEBIBYTE + 777);
for (let i = 0; i < content.length; i++) content[i] = (i * 31 + (i >>> 8) * 17 + (i >>> 16)) & 0xff;

/** `into`: reads into the memory that it is given, as files are; else into its own, as objects are. Late, so that what is still to come overwrites what it may. */
function sourceOf(bytes: Uint8Array, into: boolean, reads: [number, number][] = []): ByteSource {
  return {
    name: 'memory',
    bytes: bytes.length,
    async read(start, end, memory) {
      reads.push([start, end]);
      await new Promise((resolve) => setImmediate(resolve));
      if (!into || memory === undefined) return bytes.slice(start, end);
      memory.set(bytes.subarray(start, end));
      return memory.subarray(0, end - start);
    },
  };
}

test('any row of takes gives the bytes of the file, from any source, and what is held is what was taken', async () => {
  const step = fc.record({
    gap: fc.oneof({ weight: 4, arbitrary: fc.nat(600) }, fc.nat(2 * MEBIBYTE)),
    count: fc.oneof({ weight: 4, arbitrary: fc.nat(300_000) }, fc.nat(3 * MEBIBYTE)),
    back: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(5000), fc.nat(content.length)),
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 60 }),
      async (length, into, steps) => {
        const bytes = content.subarray(0, length);
        const file = forward(sourceOf(bytes, into));
        let at = 0;
        for (const { gap, count, back } of steps) {
          const taken = await file.take(at, count);
          const expected = Buffer.from(bytes.subarray(at, at + count));
          assert.ok(expected.equals(taken), `${count} bytes from ${at}: ${taken.length} taken`);
          // A view holds until the next call, whatever is read meanwhile.
          await new Promise((resolve) => setImmediate(resolve));
          assert.ok(expected.equals(taken), `${count} bytes from ${at} changed`);
          const held = file.held(at + 10, 100);
          if (held !== undefined) assert.ok(Buffer.from(bytes.subarray(at + 10, at + 110)).equals(held));
          at += (back ? 0 : count) + gap;
        }
        await file.end();
      },
    ),
    { numRuns: 200 },
  );
});

test('what is read one behind the other is read once, ahead; what is passed over is not read', async () => {
  const reads: [number, number][] = [];
  const file = forward(sourceOf(content, true, reads));
  for (let at = 0; at < content.length; at += 40_000) await file.take(at, Math.min(40_000, content.length - at));
  await file.end();
  assert.equal(
    reads.slice(1).reduce((sum, [start, end]) => sum + end - start, 0) <= content.length,
    true,
    JSON.stringify(reads),
  );
  const passed: [number, number][] = [];
  const jumping = forward(sourceOf(content, true, passed));
  for (let at = 0; at < content.length; at += 3 * MEBIBYTE) await jumping.take(at, 512);
  await jumping.end();
  assert.deepEqual(
    passed.map(([start]) => start),
    [0, 3 * MEBIBYTE, 6 * MEBIBYTE, 9 * MEBIBYTE],
  );
});

test('a read that fails is told by the take that wants it, and by no other', async () => {
  const inner = sourceOf(content, true);
  const source: ByteSource = {
    ...inner,
    read: (start, end, into) => (end > 4 * MEBIBYTE ? Promise.reject(new Error('gone')) : inner.read(start, end, into)),
  };
  const file = forward(source);
  let at = 0;
  await assert.rejects(async () => {
    for (; ; at += 100_000) await file.take(at, 100_000);
  }, /gone/);
  assert.ok(at + 100_000 > 3 * MEBIBYTE, `${at}`);
  await file.end();
  const other = forward(source);
  await other.take(0, 10);
  await other.take(MEBIBYTE, 10);
  await other.take(2 * MEBIBYTE, 10);
  await new Promise((resolve) => setImmediate(resolve));
  await other.end();
});
