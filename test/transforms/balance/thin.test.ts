import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodePatterns } from '../../../transforms/balance/pattern-bytes.js';
import {
  COARSEST_UTILITY,
  forEachPattern,
  partition,
  patternHash,
} from '../../../transforms/balance/pattern-ranges.js';
import { createPatterns, type PatternTable } from '../../../transforms/balance/pattern-table.js';
import { addPatterns, mergePatterns, patternCount } from '../../../transforms/balance/patterns.js';
import { sampled, thin } from '../../../transforms/balance/thin.js';
import { C, M, type Row, rowList, tagsOf } from './pattern-rows.js';
import { generator } from './synthetic.js';

const bytesOf = (table: PatternTable) => Buffer.from(encodePatterns(table)).toString('hex');

/** Without limit, at the last level with u, as a range is sampled. */
function coarse(rows: readonly Row[] = [], c = C): PatternTable {
  const table = createPatterns(M, c, Number.POSITIVE_INFINITY);
  table.level = COARSEST_UTILITY;
  addPatterns(
    table,
    tagsOf(rows),
    Float64Array.from(rows, (r) => r.u),
  );
  return table;
}

function merged(...tables: readonly PatternTable[]): PatternTable {
  const into = coarse();
  for (const table of tables) mergePatterns(into, table);
  return into;
}

/** The tables of three key ranges: they share no pattern. */
function inRanges(rows: readonly Row[]): PatternTable[] {
  const table = coarse(rows);
  const parts = partition(table, 3, (group, u) => patternHash(table.hashes[group]!, u) % 3);
  return parts.map((part) => part ?? coarse());
}

test('over key ranges thinning is a commutative monoid', () => {
  fc.assert(
    fc.property(rowList, fc.integer({ min: 1, max: 30 }), (rows, size) => {
      const [a, b, c] = inRanges(rows).map((table) => thin(table, size)) as [PatternTable, PatternTable, PatternTable];
      const before = bytesOf(b);
      const join = (...tables: PatternTable[]) => thin(merged(...tables), size);
      assert.equal(bytesOf(join(a)), bytesOf(a), 'the empty table is neutral');
      assert.equal(bytesOf(join(a, b)), bytesOf(join(b, a)), 'commutes');
      assert.equal(bytesOf(join(join(a, b), c)), bytesOf(join(a, join(b, c))), 'associates');
      assert.equal(bytesOf(join(a, b, c)), bytesOf(thin(coarse(rows), size)), 'is the thinning of the whole');
      assert.equal(bytesOf(b), before, 'leaves its argument alone');
    }),
  );
});

test('the patterns with the largest priorities are kept, each with its own count', () => {
  fc.assert(
    fc.property(rowList, fc.integer({ min: 1, max: 30 }), (rows, size) => {
      const whole = coarse(rows);
      const kept = thin(whole, size);
      assert.equal(patternCount(kept), Math.min(patternCount(whole), size + 1));
      const key = (table: PatternTable, group: number, u: number) =>
        JSON.stringify([
          [...table.attributes.subarray(group * M, (group + 1) * M)],
          [...table.labels.subarray(table.offsets[group], table.offsets[group + 1])],
          u,
        ]);
      const counts = new Map<string, number>();
      forEachPattern(whole, (group, u, count) => counts.set(key(whole, group, u), count));
      forEachPattern(kept, (group, u, count) => assert.equal(count, counts.get(key(kept, group, u))));
    }),
  );
});

test('where all fit, the sample is the table; else heavier patterns keep their counts and all others stand for tau', () => {
  const rows = Array.from({ length: 2_000 }, (_, i): Row => ({ s: [i % 2, 0], y: [i % 3], u: 1 + (i % 97) / 64 }));
  const heavy = Array.from({ length: 500 }, (): Row => ({ s: [1, 1], y: [], u: 1 }));
  const table = coarse([...rows, ...heavy]);
  const count = patternCount(table);
  const all = sampled(table, count);
  assert.deepEqual([all.tau, bytesOf(all.table)], [0, bytesOf(table)]);
  const { tau, table: sample } = sampled(table, 50);
  assert.equal(patternCount(sample), 50);
  assert.ok(tau > 1 && tau < 500, `tau ${tau}`);
  const weights: number[] = [];
  forEachPattern(sample, (_, __, weight) => void weights.push(weight));
  assert.ok(weights.includes(500), 'a pattern above tau keeps its count');
  assert.ok(weights.every((weight) => weight >= tau));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  assert.ok(Math.abs(total - sample.rows) < 1e-9 * total, `${sample.rows} rows, weights of ${total}`);
});

test('the rows of a sample are the same to the bit in any order of the patterns', () => {
  const random = generator(3);
  const rows = Array.from(
    { length: 3_000 },
    (): Row => ({ s: [random() < 0.3 ? 1 : 0, 0], y: [Math.floor(C * random())], u: 1 + random() ** 4 }),
  );
  const samples = [rows, rows.toReversed(), shuffled(rows, random)].map((given) => sampled(coarse(given), 150));
  assert.ok(samples[0]!.tau > 1 && !Number.isInteger(samples[0]!.tau), `tau ${samples[0]!.tau}`);
  for (const { tau, table } of samples) assert.deepEqual([tau, table.rows], [samples[0]!.tau, samples[0]!.table.rows]);
});

const shuffled = (rows: readonly Row[], random: () => number) =>
  rows
    .map((row) => ({ row, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);

test('sums over patterns are estimated without bias: over 300 tables the mean error is that of chance', () => {
  const random = generator(7);
  const labels = 1000;
  let sum = 0;
  let squares = 0;
  const tables = 300;
  for (let t = 0; t < tables; t++) {
    // The labels differ from table to table, and so do the hashes.
    const rows: Row[] = [];
    for (let p = 0; p < 60; p++) {
      const y = [Math.floor(random() * labels), Math.floor(random() * labels)].sort((a, b) => a - b);
      const copies = 1 + Math.floor(40 * random() ** 4);
      for (let i = 0; i < copies; i++) rows.push({ s: [p % 2, 0], y, u: Number.NaN });
    }
    const truth = rows.filter(({ s }) => s[0] === 1).length;
    const { table } = sampled(coarse(rows, labels), 20);
    let estimate = 0;
    forEachPattern(table, (group, _, weight) => {
      if (table.attributes[group * M] === 1) estimate += weight;
    });
    const error = estimate / truth - 1;
    sum += error;
    squares += error * error;
  }
  const mean = sum / tables;
  const spread = Math.sqrt(squares / tables / tables);
  assert.ok(Math.abs(mean) < 4 * spread, `mean error ${mean}, standard error ${spread}`);
  assert.ok(spread * Math.sqrt(tables) < 0.5, `one table's error ${spread * Math.sqrt(tables)}`);
});
