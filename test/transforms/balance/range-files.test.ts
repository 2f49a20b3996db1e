import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createInstance } from '../../../transforms/balance/instance.js';
import { encodePatterns } from '../../../transforms/balance/pattern-bytes.js';
import { LEVEL_WITHOUT_UTILITY, patternCount } from '../../../transforms/balance/patterns.js';
import {
  createPatternCounter,
  type Gathered,
  gatherPatterns,
  type Located,
  mergeRange,
  removeParts,
} from '../../../transforms/balance/range-files.js';
import { filesBelow, scratch } from '../../end-to-end/scratch.js';
import { C, M, type Row, row, tableOf, tagsOf } from './pattern-rows.js';

const utilityOf = (rows: readonly Row[]) => Float64Array.from(rows, (r) => r.u);

/** What an engine does: each bundle counts, the parts of a range come together in some order, then the ranges in some other. */
async function counted(
  staging: string,
  bundles: readonly Row[][],
  limit: number,
  { reverse = false, passPatterns }: { reverse?: boolean; passPatterns?: number } = {},
): Promise<Gathered> {
  const shape = { m: M, c: C, limit };
  const byRange = new Map<number, Uint8Array[]>();
  for (const rows of bundles) {
    const counter = createPatternCounter(staging, shape);
    counter.add(tagsOf(rows), utilityOf(rows));
    for (const { range, part } of await counter.take()) byRange.set(range, [...(byRange.get(range) ?? []), part]);
  }
  const ranges: Located[] = [];
  for (const [range, parts] of byRange)
    ranges.push(await mergeRange(staging, range, reverse ? [...parts].reverse() : parts, shape, passPatterns));
  return gatherPatterns(reverse ? ranges.reverse() : ranges, shape);
}

function bytesOf({ table, sample }: Gathered) {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return {
    table: hex(encodePatterns(table)),
    sample: sample && { table: hex(encodePatterns(sample.table)), tau: sample.tau, mean: sample.utilityMean },
  };
}

test('by key range, in any bundles and any order, patterns are those of one table, at the same level', async (t) => {
  const staging = scratch(t);
  const cases = fc.record({
    rows: fc.array(fc.tuple(row, fc.nat(4)), { maxLength: 150 }),
    limit: fc.integer({ min: 1, max: 90 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ rows, limit }) => {
      const all = rows.map(([one]) => one);
      const bundles = [0, 1, 2, 3, 4].map((bundle) => rows.filter(([, b]) => b === bundle).map(([one]) => one));
      const one = await counted(staging, [all], limit);
      assert.equal(bytesOf(one).table, bytesOf({ table: tableOf(all, limit) }).table);
      assert.deepEqual(bytesOf(await counted(staging, bundles, limit, { reverse: true })), bytesOf(one));
      assert.equal(one.sample !== undefined, one.table.level >= LEVEL_WITHOUT_UTILITY);
      if (one.sample !== undefined) assert.ok(patternCount(one.sample.table) <= limit);
    }),
    { numRuns: 60 },
  );
});

test('patterns above what travels in an element go by the staging folder, and come back exact', async (t) => {
  const rows = Array.from({ length: 30_000 }, (_, i): Row => ({ s: [i % 3, i % 2], y: [i % C], u: 1 + i / 30_000 }));
  const staging = scratch(t);
  const limit = 40_000;
  const halves = [rows.slice(0, 14_000), rows.slice(14_000)];
  const { table, sample } = await counted(staging, halves, limit);
  assert.equal(filesBelow(join(staging, 'work', 'patterns')).length, 2, 'one file a bundle');
  assert.equal(sample, undefined);
  assert.equal(bytesOf({ table }).table, bytesOf({ table: tableOf(rows, limit) }).table);
  await removeParts(staging);
  assert.deepEqual(filesBelow(join(staging, 'work', 'patterns')), []);
});

test('patterns that are sampled in several passes a range give the same sample', async (t) => {
  const rows = Array.from({ length: 300_000 }, (_, i): Row => ({ s: [i % 3, i % 2], y: [i % C], u: 1 + i / 300_000 }));
  const staging = scratch(t);
  const limit = 100;
  const counter = createPatternCounter(staging, { m: M, c: C, limit });
  counter.add(tagsOf(rows.slice(0, 100)), utilityOf(rows.slice(0, 100)));
  assert.equal(counter.full, false);
  counter.add(tagsOf(rows), utilityOf(rows));
  assert.equal(counter.full, true, 'a bundle hands on what it has before its end');
  const one = await counted(staging, [rows], limit);
  const thirds = [0, 1, 2].map((third) => rows.filter((_, i) => i % 3 === third));
  assert.deepEqual(bytesOf(await counted(staging, thirds, limit, { passPatterns: 1_000 })), bytesOf(one));
  assert.equal(patternCount(one.sample!.table), limit);
  assert.ok(one.sample!.tau > 1);
  const mean = rows.reduce((sum, { u }) => sum + u, 0) / rows.length;
  assert.ok(Math.abs(one.sample!.utilityMean! / mean - 1) < 1e-4, 'the mean is of all rows, not of the sample');
  assert.equal(createInstance(one.sample!.table, one.sample!.utilityMean).utilityMean, one.sample!.utilityMean);
});
