import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeBatchMemory } from '../../formats/batch-memory.js';

test('what batches take never overlaps until it is given back, and is used again then', () => {
  const sizes = fc.array(fc.nat(5000), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (all, alive) => {
      const memory = makeBatchMemory();
      const batches: { readonly mark: number; readonly parts: readonly Uint8Array[] }[] = [];
      all.forEach((batch, i) => {
        const take = memory.next();
        const parts = batch.map(take);
        batch.forEach((bytes, k) => {
          assert.equal(parts[k]!.length, bytes);
          assert.equal(parts[k]!.byteOffset % 8, 0);
          parts[k]!.fill(i + 1);
        });
        batches.push({ mark: i + 1, parts });
        if (batches.length < alive) return;
        const { mark, parts: old } = batches.shift()!;
        assert.ok(old.every((part) => part.every((byte) => byte === mark)));
        memory.give(new Set(old.map(({ buffer }) => buffer as ArrayBuffer)));
      });
    }),
  );
});

test('batches of about the same size, one after another, lie in one block', () => {
  const memory = makeBatchMemory();
  const blocks = new Set<ArrayBufferLike>();
  for (let i = 0; i < 200; i++) {
    const take = memory.next();
    // The last one of a row group is smaller.
    const parts = [4000, 800, 100].map((bytes) => take((i % 16 === 15 ? 0.3 : 1) * bytes + (i % 7)));
    const own = new Set(parts.map(({ buffer }) => buffer as ArrayBuffer));
    if (i > 0) assert.equal(own.size, 1, `batch ${i}`);
    for (const block of own) blocks.add(block);
    memory.give(own);
  }
  assert.ok(blocks.size < 8, `${blocks.size} blocks`);
});

test('blocks that are many, or large, are not kept', () => {
  const kept = (blocks: readonly ArrayBuffer[]) => {
    const memory = makeBatchMemory();
    memory.give(blocks);
    memory.next()(1);
    const own = new Set(blocks);
    let found = 0;
    while (own.delete(memory.next()(1).buffer as ArrayBuffer)) found++;
    return found;
  };
  assert.equal(kept(Array.from({ length: 10 }, () => new ArrayBuffer(1000))), 10);
  assert.equal(kept(Array.from({ length: 100 }, () => new ArrayBuffer(1000))), 64);
  assert.equal(kept(Array.from({ length: 5 }, () => new ArrayBuffer(30 * 2 ** 20))), 2);
});
