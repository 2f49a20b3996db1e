import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { levelOf, MAXIMUM_LEVEL } from '../../../transforms/stats/row-hash.js';
import { ValueTable } from '../../../transforms/stats/value-table.js';

interface Row {
  readonly value: string;
  readonly level: number;
  readonly block: number;
  readonly n: number;
}

const WIDTH = 2;
const row: fc.Arbitrary<Row> = fc.record({
  value: fc.constantFrom('', 'a', 'b', 'c', 'd', 'é', 'ff', 'g'),
  level: fc.integer({ min: 0, max: 5 }),
  block: fc.constantFrom(0, 1, 7),
  n: fc.integer({ min: 1, max: 2 ** 40 }),
});
const rows = fc.array(row, { maxLength: 60 });

function tableOf(some: readonly Row[], limit: number): ValueTable {
  const table = new ValueTable(limit, WIDTH);
  for (const { value, level, block, n } of some) {
    const bytes = Buffer.from(`<${value}>`);
    const slot = table.slot(bytes, 1, bytes.length - 1, level);
    if (slot < 0) continue;
    const all = table.block(slot, 0);
    table.cells[all]++;
    const at = table.block(slot, block);
    table.cells[at + 1] += n;
  }
  return table;
}

/** The rule, as it is told: the least level at which there are at most `limit` values. */
function slowly(some: readonly Row[], limit: number) {
  let level = 0;
  const sampled = () => some.filter((r) => r.level >= level);
  while (new Set(sampled().map((r) => r.value)).size > limit) level++;
  const counts: Record<string, [rows: number, sum: number]> = {};
  for (const { value, n } of sampled()) {
    counts[value] ??= [0, 0];
    counts[value][0]++;
    counts[value][1] += n;
  }
  return { level, counts };
}

test('values are counted as the rule says', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 8 }), (some, limit) => {
      const table = tableOf(some, limit);
      const expected = slowly(some, limit);
      assert.equal(table.level, expected.level);
      const counts: Record<string, [number, number]> = {};
      for (const { value, blocks } of table.sums()) {
        const sum = [...blocks.values()].reduce((total, cells) => total + cells[1], 0);
        counts[Buffer.from(value).toString()] = [blocks.get(0)![0], sum];
      }
      assert.deepEqual(counts, expected.counts);
      assert.equal(table.size, Object.keys(expected.counts).length);
    }),
    { numRuns: 1000 },
  );
});

test('tables are a commutative monoid: any order and partition gives the same bytes', () => {
  fc.assert(
    fc.property(rows, rows, rows, fc.integer({ min: 1, max: 8 }), (a, b, c, limit) => {
      const whole = tableOf([...a, ...b, ...c], limit).encode();
      const parts = [c, a, b].map((some) => tableOf(some, limit));
      const merged = new ValueTable(limit, WIDTH);
      for (const part of parts) merged.add(part.encode());
      assert.deepEqual(merged.encode(), whole);
      assert.deepEqual(tableOf([...c, ...b, ...a].reverse(), limit).encode(), whole);
    }),
    { numRuns: 1000 },
  );
});

test('a level is outlived by half of the rows', () => {
  assert.deepEqual([0.999, 0.5, 0.499, 0.25, 0.2, 0].map(levelOf), [0, 0, 1, 1, 2, MAXIMUM_LEVEL]);
});

test('bytes that lie are refused', () => {
  const bytes = tableOf([{ value: 'a', level: 0, block: 7, n: 5 }], 3).encode();
  assert.throws(() => new ValueTable(3, WIDTH).add(bytes.subarray(0, -1)), InputError);
  assert.throws(() => new ValueTable(3, WIDTH).add(Uint8Array.of(99)), InputError);
});
