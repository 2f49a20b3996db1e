import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError, InputError, InvariantError } from '../../../schemas/errors.js';
import type { ExactSums } from '../../../schemas/exact-sum.js';
import type { Moments } from '../../../schemas/moments.js';
import { FIRST_SOFT, NEARER, PROBABILITY } from '../../../schemas/tags.js';
import {
  accumulate,
  addCounts,
  addWeighted,
  cellOf,
  emptyMoments,
  mergeMoments,
  unitSums,
} from '../../../transforms/stats/moments.js';
import { decodeMoments, encodeMoments } from '../../../transforms/stats/moments-codec.js';
import { type Row, rowsArbitrary, tagsOf, weightsOf } from './rows.js';

const M = 2;
const C = 3;

function weighted(rows: readonly Row[], m = M, c = C): Moments {
  const moments = emptyMoments(m, c);
  addWeighted(moments, tagsOf(rows), weightsOf(rows));
  return moments;
}

/** Slow definition: each cell asks every row whether it belongs, and adds in big integers of 2^-30. */
function byDefinition(rows: readonly Row[], m = M, c = C): bigint[][] {
  const cells: bigint[][] = [];
  for (let label = -1; label < c; label++) {
    for (let column = 0; column < 2 * m + 1; column++) {
      const belongs = rows.filter(
        (row) =>
          row.q > 0 &&
          (label === -1 || row.y.includes(label)) &&
          (column === 0 || row.s[Math.floor((column - 1) / 2)] === (column - 1) % 2),
      );
      const units = (value: number) => BigInt(Math.round(value * 2 ** 30));
      cells.push([
        BigInt(belongs.length),
        belongs.reduce((sum, row) => sum + units(row.q), 0n),
        belongs.reduce((sum, row) => sum + units(row.q * row.q), 0n),
      ]);
    }
  }
  return cells;
}

function units(sums: ExactSums, i: number): bigint {
  return BigInt(sums.hi[i]) * 2n ** 52n + BigInt(sums.lo[i]);
}

function cells({ support, weighted, attributes, labels }: Moments): bigint[][] {
  const table = support ?? new Float64Array((2 * attributes + 1) * (labels + 1));
  const { weights, squares } = weighted ?? { weights: unitSums(table), squares: unitSums(table) };
  return Array.from(table, (count, i) => [BigInt(count), units(weights, i), units(squares, i)]);
}

test('weighted moments are what the definition gives, row by row', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), (rows) => {
      assert.deepEqual(cells(weighted(rows)), byDefinition(rows));
    }),
  );
});

test('moments of chosen rows are the moments of those rows alone', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), fc.integer({ min: 1, max: 5 }), (rows, step) => {
      const chosen = Uint32Array.from(rows.keys()).filter((i) => i % step === 0);
      const moments = emptyMoments(M, C);
      addWeighted(moments, tagsOf(rows), weightsOf(rows), chosen);
      assert.deepEqual(cells(moments), byDefinition(Array.from(chosen, (i) => rows[i])));
    }),
  );
});

test('moments are the same bytes in any order and partition', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), fc.array(fc.nat()), (rows, keys) => {
      const shuffled = rows.map((row, i) => ({ row, key: keys[i] ?? 0 })).sort((a, b) => a.key - b.key);
      const parts = [0, 1, 2].map((part) => weighted(shuffled.filter((x) => x.key % 3 === part).map((x) => x.row)));
      const merged = parts.reduceRight((sum, part) => mergeMoments(sum, part), emptyMoments(M, C));
      assert.deepEqual(encodeMoments(merged), encodeMoments(weighted(rows)));
    }),
  );
});

test('merge has an identity, commutes and associates, and leaves its second argument alone', () => {
  const arbitrary = rowsArbitrary(M, C);
  const add = (...parts: Moments[]) => parts.reduce(mergeMoments, emptyMoments(M, C));
  fc.assert(
    fc.property(arbitrary, arbitrary, arbitrary, (x, y, z) => {
      const [a, b, c] = [weighted(x), weighted(y), weighted(z)];
      const before = encodeMoments(b);
      assert.deepEqual(encodeMoments(add(a, emptyMoments(M, C))), encodeMoments(a));
      assert.deepEqual(encodeMoments(add(a, b)), encodeMoments(add(b, a)));
      assert.deepEqual(encodeMoments(add(add(a, b), c)), encodeMoments(add(a, add(b, c))));
      assert.deepEqual(encodeMoments(b), before);
    }),
  );
});

test('moments survive encoding, and weights that are all 1 encode as counts', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), (rows) => {
      const moments = weighted(rows);
      const bytes = encodeMoments(moments);
      assert.deepEqual(cells(decodeMoments(bytes)), cells(moments));
      assert.deepEqual(encodeMoments(decodeMoments(bytes)), bytes);
    }),
  );
  const ones = [{ s: [1, 2], y: [0], q: 1 }];
  const mixed = weighted([{ s: [0, 0], y: [], q: 0.5 }, ...ones]);
  assert.notEqual(mixed.weighted, null);
  const counts = mergeMoments(weighted(ones), decodeMoments(encodeMoments(weighted(ones))));
  const slow = decodeMoments(encodeMoments(counts));
  slow.weighted = { weights: unitSums(slow.support!), squares: unitSums(slow.support!) };
  assert.deepEqual(encodeMoments(slow), encodeMoments(counts));
});

test('one unit is not lost among 10^7 rows of weight 1', () => {
  const many = emptyMoments(0, 0);
  many.support = Float64Array.of(1e7);
  const last = weighted([{ s: [], y: [], q: 1 - 2 ** -30 }], 0, 0);
  const sum = mergeMoments(many, last);
  assert.equal(units(decodeMoments(encodeMoments(sum)).weighted!.weights, 0), 10_000_001n * 2n ** 30n - 1n);
});

test('rows are counted at the stage at which they left, and stages are what was left', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 40 }), (rows, codes) => {
      const drop = Uint8Array.from(rows, (_, i) => codes[i]);
      // Codes 1 and 2 are two reasons of filter 0, 3 of filter 1, 4 of filter 2; 0 survives.
      const stageOfCode = Uint8Array.of(3, 0, 0, 1, 2);
      const exits = Array.from({ length: 4 }, () => emptyMoments(M, C));
      const cut = rows.length >> 1;
      addCounts(exits, tagsOf(rows.slice(0, cut)), drop.subarray(0, cut), stageOfCode);
      addCounts(exits, tagsOf(rows.slice(cut)), drop.subarray(cut), stageOfCode);
      accumulate(exits).forEach((stage, at) => {
        const left = rows.filter((_, i) => stageOfCode[drop[i]] >= at).map((row) => ({ ...row, q: 1 }));
        assert.deepEqual(cells(stage), byDefinition(left));
        assert.equal(cellOf(stage, 0).support, left.length);
      });
    }),
  );
});

test('a large batch, counted by codes of attributes, counts as its rows one by one', () => {
  fc.assert(
    fc.property(
      fc.array(rowsArbitrary(M, C), { minLength: 20, maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 8, maxLength: 8 }),
      (parts, codes) => {
        const rows = parts.flat();
        const drop = Uint8Array.from(rows, (_, i) => codes[i % codes.length]);
        const stageOfCode = Uint8Array.of(2, 0, 1);
        const [atOnce, oneByOne] = [0, 1].map(() => [0, 1, 2].map(() => emptyMoments(M, C)));
        addCounts(atOnce, tagsOf(rows), drop, stageOfCode);
        rows.forEach((row, i) => {
          addCounts(oneByOne, tagsOf([row]), drop.subarray(i, i + 1), stageOfCode);
        });
        assert.deepEqual(atOnce.map(cells), oneByOne.map(cells));
      },
    ),
    { numRuns: 30 },
  );
  const many = Array.from({ length: 500 }, () => ({ s: [0, 1], y: [0], q: 1 }));
  const exits = [emptyMoments(M, C)];
  const wrong = tagsOf([...many, { s: [0, 1], y: [C], q: 1 }]);
  assert.throws(
    () => addCounts(exits, wrong, new Uint8Array(501), Uint8Array.of(0)),
    /row 500 has labels 3, there are 3/,
  );
  const codes = new Uint8Array(500).fill(7, 499);
  assert.throws(() => addCounts(exits, tagsOf(many), codes, Uint8Array.of(0)), /drop code 7 of row 499/);
});

test('what cannot be counted is refused', () => {
  const row = (q: number, y: number[] = []) => [{ s: [0, 1], y, q }];
  for (const q of [-1, 2 ** 22 + 1, 2 ** -31, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => weighted(row(q)), InvariantError, `${q}`);
  }
  assert.throws(() => weighted(row(1, [1, C])), /row 0 has labels 1 3, there are 3 labels/);
  const exits = [emptyMoments(M, C)];
  assert.throws(() => addCounts(exits, tagsOf(row(1, [C])), Uint8Array.of(0), Uint8Array.of(0)), InvariantError);
  assert.throws(() => addCounts(exits, tagsOf(row(1)), Uint8Array.of(7), Uint8Array.of(0)), /drop code 7 of row 0/);
  assert.throws(() => addCounts([weighted(row(0.5))], tagsOf(row(1)), Uint8Array.of(0), Uint8Array.of(0)), /weights/);
  assert.throws(() => mergeMoments(emptyMoments(1, 3), emptyMoments(2, 3)), InvariantError);
  assert.throws(() => emptyMoments(65, 1), ConfigError);
});

test('bytes that lie are refused with a sentence, and small ones stay small', () => {
  const bytes = encodeMoments(weighted([{ s: [1, 0], y: [0, 2], q: 0.25 }]));
  assert.equal(encodeMoments(emptyMoments(16, 65_535)).length, 7);
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => decodeMoments(bytes.subarray(0, end)), InputError, `${end} bytes`);
  }
  assert.throws(() => decodeMoments(Uint8Array.of(...bytes, 0)), /expected \d+ bytes, got/);
  assert.throws(() => decodeMoments(Uint8Array.of(2, 1, 1, 0, 0)), /version: expected 1, got 2/);
  assert.throws(() => decodeMoments(Uint8Array.of(1, 65, 1, 0, 0)), /attributes: expected at most 64, got 65/);
  assert.throws(() => decodeMoments(Uint8Array.of(1, 1, 1, 0, 100)), /cells: expected at most/);
  assert.throws(() => decodeMoments(Uint8Array.of(1, 1, 1, 0, 1, 6, 1)), /cell: expected at most 5, got 6/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      try {
        decodeMoments(Uint8Array.of(1, 2, 3, ...noise));
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
  );
});

test('a soft attribute is in the sums of both sides by its share, and in the support of the nearer', () => {
  const softly = rowsArbitrary(M, C).chain((rows) =>
    fc
      .array(fc.integer({ min: 0, max: 62 }), { minLength: rows.length, maxLength: rows.length })
      .map((steps) => rows.map((row, i) => ({ ...row, s: [FIRST_SOFT + steps[i]!, ...row.s.slice(1)] }))),
  );
  fc.assert(
    fc.property(softly, fc.nat(40), (rows, cut) => {
      const moments = weighted(rows);
      const parts = mergeMoments(weighted(rows.slice(0, cut)), weighted(rows.slice(cut)));
      assert.deepEqual(encodeMoments(parts), encodeMoments(moments));
      for (let label = -1; label < C; label++) {
        const held = rows.filter((row) => row.q > 0 && (label < 0 || row.y.includes(label)));
        const all = cellOf(moments, 0, label + 1);
        let support = 0;
        for (const side of [0, 1]) {
          const cell = cellOf(moments, 1 + side, label + 1);
          const share = (row: Row) => Math.abs(1 - side - PROBABILITY[row.s[0]!]!);
          const sum = (f: (row: Row) => number) => held.reduce((total, row) => total + f(row), 0);
          assert.equal(cell.support, held.filter((row) => NEARER[row.s[0]!] === side).length);
          assert.ok(Math.abs(cell.weight - sum((row) => share(row) * row.q)) < 1e-6);
          assert.ok(Math.abs(cell.squares - sum((row) => share(row) * row.q ** 2)) < 1e-6);
          support += cell.support;
        }
        assert.equal(support, all.support);
      }
      const tags = { ...tagsOf(rows), rounding: new Float32Array(M * rows.length) };
      const exits = [emptyMoments(M, C), emptyMoments(M, C)];
      addCounts(
        exits,
        tags,
        Uint8Array.from(rows, (_, i) => i % 2),
        Uint8Array.of(0, 1),
      );
      const ones = rows.map((row) => ({ ...row, q: 1 }));
      exits.forEach((exit, half) => {
        assert.deepEqual(encodeMoments(exit), encodeMoments(weighted(ones.filter((_, i) => i % 2 === half))));
      });
    }),
  );
});
