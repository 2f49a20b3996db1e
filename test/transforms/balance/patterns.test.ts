import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { PROBABILITY, UNKNOWN } from '../../../schemas/tags.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { decodePatterns, encodePatterns } from '../../../transforms/balance/pattern-bytes.js';
import {
  createPatterns,
  LEVEL_OVERFLOWN,
  mergePatterns,
  type PatternTable,
  patternCount,
  patternCounts,
} from '../../../transforms/balance/patterns.js';
import { C, M, type Row, row, rowList, tableOf } from './pattern-rows.js';

const bytesOf = (table: PatternTable) => Buffer.from(encodePatterns(table)).toString('hex');

/** The slow definition: u cut to some mantissa bits, or dropped, as text; count the texts. */
function slowPatterns(rows: readonly Row[], level: number): Map<string, number> {
  const counts = new Map<string, number>();
  const cut = (u: number) => {
    if (!(u >= 0 && u < Number.POSITIVE_INFINITY) || level === 3) return 'none';
    if (u === 0) return '0';
    const bits = [52, 10, 6][level];
    const exponent = Math.max(-1022, Math.floor(Math.log2(u)));
    const fixed = 2 ** exponent > u ? exponent - 1 : 2 ** (exponent + 1) <= u ? exponent + 1 : exponent;
    const step = 2 ** Math.max(fixed - bits, -1074);
    return u < 2 ** -1000 && level > 0 ? '0' : String(Math.floor(u / step) * step);
  };
  for (const r of rows) {
    const key = JSON.stringify([r.s, r.y, cut(r.u)]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

test('the level is the first at which the distinct patterns fit, and the counts are those of a plain map', () => {
  const ordinary = row.filter((r) => !(r.u > 0 && r.u < 1e-290));
  fc.assert(
    fc.property(fc.array(ordinary, { maxLength: 120 }), fc.integer({ min: 1, max: 60 }), (rows, limit) => {
      const table = tableOf(rows, limit);
      const level = [0, 1, 2, 3].find((l) => slowPatterns(rows, l).size <= limit) ?? LEVEL_OVERFLOWN;
      assert.equal(table.level, level);
      assert.equal(table.rows, rows.length);
      if (level === LEVEL_OVERFLOWN) return;
      const slow = slowPatterns(rows, level);
      assert.equal(patternCount(table), slow.size);
      const counts = [...table.cellCount.slice(0, table.cells), ...table.bare.slice(0, table.groups)];
      assert.deepEqual(counts.filter((n) => n > 0).sort(), [...slow.values()].sort());
    }),
  );
});

test('any order and any split of the rows gives the same bytes', () => {
  fc.assert(
    fc.property(
      rowList.chain((rows) =>
        fc.tuple(
          fc.constant(rows),
          fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
          fc.array(fc.integer({ min: 0, max: 3 }), { minLength: rows.length, maxLength: rows.length }),
        ),
      ),
      fc.integer({ min: 1, max: 90 }),
      ([rows, shuffled, parts], limit) => {
        const merged = createPatterns(M, C, limit);
        for (const part of [2, 0, 3, 1])
          mergePatterns(
            merged,
            tableOf(
              shuffled.filter((_, i) => parts[i] === part),
              limit,
            ),
          );
        assert.equal(bytesOf(merged), bytesOf(tableOf(rows, limit)));
      },
    ),
  );
});

test('the empty table is neutral, merging commutes and associates, and leaves its argument alone', () => {
  fc.assert(
    fc.property(rowList, rowList, rowList, fc.integer({ min: 1, max: 90 }), (a, b, c, limit) => {
      const merge = (...tables: PatternTable[]) => {
        const into = createPatterns(M, C, limit);
        for (const table of tables) mergePatterns(into, table);
        return into;
      };
      const [A, B, D] = [a, b, c].map((rows) => tableOf(rows, limit));
      const before = bytesOf(B);
      assert.equal(bytesOf(merge(A)), bytesOf(A));
      assert.equal(bytesOf(merge(A, B)), bytesOf(merge(B, A)));
      assert.equal(bytesOf(merge(merge(A, B), D)), bytesOf(merge(A, merge(B, D))));
      assert.equal(bytesOf(B), before);
    }),
  );
});

test('bytes are decoded to an equal table that can go on counting', () => {
  fc.assert(
    fc.property(rowList, rowList, fc.integer({ min: 1, max: 90 }), (a, b, limit) => {
      const table = decodePatterns(encodePatterns(tableOf(a, limit)));
      assert.equal(bytesOf(table), bytesOf(tableOf(a, limit)));
      mergePatterns(table, tableOf(b, limit));
      assert.equal(bytesOf(table), bytesOf(tableOf([...a, ...b], limit)));
    }),
  );
});

test('bytes that lie are refused', () => {
  const good = encodePatterns(tableOf([{ s: [0, 1], y: [1, 3], u: 0.5 }]));
  const bad = (change: (view: DataView) => void) => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    assert.throws(() => decodePatterns(bytes), InputError);
  };
  bad((view) => view.setUint32(0, 0));
  bad((view) => view.setUint32(32, 0xffff_ffff, true));
  bad((view) => view.setUint32(12, 9, true));
  bad((view) => view.setUint8(view.byteLength - 1, 66));
  bad((view) => view.setFloat64(24, 5, true));
  for (let length = 0; length < good.length; length++)
    assert.throws(() => decodePatterns(good.subarray(0, length)), InputError);
});

test('counts of attributes and labels are exact at every level', () => {
  fc.assert(
    fc.property(rowList, fc.integer({ min: 1, max: 90 }), (rows, limit) => {
      const slow = new Float64Array(M * 3 * (C + 1));
      for (const r of rows)
        r.s.forEach((s, k) => {
          const parts = s > UNKNOWN ? [1 - PROBABILITY[s], PROBABILITY[s], 0] : [0, 1, 2].map((v) => (v === s ? 1 : 0));
          parts.forEach((part, value) => {
            for (const label of [0, ...r.y.map((y) => y + 1)]) slow[(k * 3 + value) * (C + 1) + label] += part;
          });
        });
      assert.deepEqual(patternCounts(tableOf(rows, limit)), { rows: rows.length, counts: slow });
    }),
  );
});

test('u is scaled by the mean of the usable ones, and is 1 where it is null', () => {
  const rows = [0.5, Number.NaN, 1.5, -3, 4].map((u, i) => ({ s: [0, 1], y: [i % C], u }));
  const instance = createInstance(tableOf(rows));
  assert.equal(instance.utilityMean, 2);
  assert.deepEqual([...instance.utility].sort(), [0.25, 0.75, 1, 1, 2]);
});
