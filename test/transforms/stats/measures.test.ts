import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Moments } from '../../../schemas/moments.js';
import { newcombe, wilson } from '../../../transforms/stats/intervals.js';
import {
  association,
  attributeFigure,
  effective,
  labelFigure,
  pairFigure,
} from '../../../transforms/stats/measures.js';
import { addCounts, addWeighted, cellOf, emptyMoments } from '../../../transforms/stats/moments.js';
import { twoSidedZ } from '../../../transforms/stats/normal.js';
import { needs } from '../../shared.js';
import { ADULT, type Adult, adultSetA, adultSetC } from './adult.js';
import { type Row, rowsArbitrary, tagsOf, weightsOf } from './rows.js';

const Z = twoSidedZ(0.95);
const OPTIONS = { minimumSupport: 1, confidence: 0.95, worst: 5, listed: 5 };

function momentsOf(rows: readonly Row[], m: number, c: number): Moments {
  const moments = emptyMoments(m, c);
  addWeighted(moments, tagsOf(rows), weightsOf(rows));
  return moments;
}

function close(actual: number | null, expected: number | null, tolerance = 1e-9): void {
  if (actual === null || expected === null) assert.equal(actual, expected);
  else assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

/** 8 examples, weights 1 and 2: attribute 0 known in 7 of them; labels 0 (a nurse, say) and 1 (never seen). */
const SMALL: Row[] = [
  { s: [1], y: [0], q: 2 },
  { s: [1], y: [0], q: 1 },
  { s: [1], y: [], q: 1 },
  { s: [0], y: [0], q: 1 },
  { s: [0], y: [], q: 1 },
  { s: [0], y: [], q: 2 },
  { s: [0], y: [], q: 1 },
  { s: [2], y: [0], q: 1 },
];

test('representation of a small case agrees with the hand', () => {
  // Known weight 4 + 5 = 9 of 10; squares 6 + 7 = 13.
  const figure = attributeFigure(momentsOf(SMALL, 1, 2), 0, 0.5, Z);
  close(figure.share, 4 / 9);
  close(figure.rb, 0.5 - 4 / 9);
  close(figure.unknown, 1 / 10);
  assert.equal(figure.support, 7);
  assert.deepEqual(figure.interval, wilson(4 / 9, 81 / 13, Z));
});

test('association of a small case agrees with the hand', () => {
  // E[y | 1] = 3/4, E[y | 0] = 1/5, E[s | y] = 3/4.
  const figure = pairFigure(momentsOf(SMALL, 1, 2), 0, 0, Z);
  close(figure.difference, 0.55);
  close(figure.ab, 0.55);
  close(figure.ratio, 3.75);
  close(figure.share, 0.75);
  assert.equal(figure.support, 3);
  const { low, high } = newcombe(0.75, 16 / 6, 0.2, 25 / 7, Z);
  close(figure.interval.low, low);
  close(figure.interval.high, high);
  assert.deepEqual(figure.shareInterval, wilson(0.75, 16 / 6, Z));
});

test('the sign of a difference is kept, its size is the bias', () => {
  const swapped = SMALL.map((row) => ({ ...row, s: row.s.map((s) => (s === 2 ? 2 : 1 - s)) }));
  const figure = pairFigure(momentsOf(swapped, 1, 2), 0, 0, Z);
  close(figure.difference, -0.55);
  close(figure.ab, 0.55);
  close(figure.ratio, 0.2 / 0.75);
});

test('a label share counts every example, known or not', () => {
  const figure = labelFigure(momentsOf(SMALL, 1, 2), 0, Z);
  close(figure.share, 5 / 10);
  assert.equal(figure.support, 4);
  assert.deepEqual(figure.interval, wilson(0.5, 100 / 14, Z));
});

test('what no example bears on is null, not a number', () => {
  const none = emptyMoments(1, 1);
  assert.equal(attributeFigure(none, 0, 0.5, Z).rb, null);
  assert.equal(attributeFigure(none, 0, 0.5, Z).unknown, null);
  assert.equal(labelFigure(none, 0, Z).share, null);
  assert.equal(association(none, OPTIONS).maximum, null);
  const onlyPresent = pairFigure(momentsOf([{ s: [1], y: [0], q: 1 }], 1, 1), 0, 0, Z);
  assert.deepEqual([onlyPresent.ab, onlyPresent.ratio, onlyPresent.share], [null, null, 1]);
  const neverAbsent = pairFigure(
    momentsOf(
      SMALL.filter((row) => row.s[0] === 1 || row.y.length === 0),
      1,
      2,
    ),
    0,
    0,
    Z,
  );
  assert.deepEqual([neverAbsent.ab, neverAbsent.ratio], [0.75, null]);
});

test("Kish's effective count is the count for equal weights and never above it", () => {
  assert.equal(effective({ support: 5, weight: 10, squares: 20 }), 5);
  close(effective({ support: 3, weight: 4, squares: 6 }), 16 / 6);
  assert.equal(effective({ support: 0, weight: 0, squares: 0 }), 0);
  // q = 2^-30, whose square is below the unit.
  assert.equal(effective({ support: 2, weight: 2 ** -29, squares: 0 }), 2);
});

test('measures follow their definitions over the rows', () => {
  const mean = (rows: readonly Row[], value: (row: Row) => number) => {
    const weight = rows.reduce((sum, row) => sum + row.q, 0);
    return weight === 0 ? null : rows.reduce((sum, row) => sum + row.q * value(row), 0) / weight;
  };
  fc.assert(
    fc.property(rowsArbitrary(2, 3), (rows) => {
      const moments = momentsOf(rows, 2, 3);
      const abs: number[] = [];
      for (let k = 0; k < 2; k++) {
        const known = rows.filter((row) => row.s[k] !== 2);
        close(
          attributeFigure(moments, k, 0.3, Z).share,
          mean(known, (row) => row.s[k]),
        );
        for (let r = 0; r < 3; r++) {
          const has = (row: Row) => Number(row.y.includes(r));
          const p1 = mean(
            known.filter((row) => row.s[k] === 1),
            has,
          );
          const p0 = mean(
            known.filter((row) => row.s[k] === 0),
            has,
          );
          const figure = pairFigure(moments, k, r, Z);
          close(figure.difference, p1 === null || p0 === null ? null : p1 - p0);
          close(
            figure.share,
            mean(
              known.filter((row) => has(row) === 1),
              (row) => row.s[k],
            ),
          );
          if (figure.support > 0) abs.push(figure.ab!);
        }
      }
      const summary = association(moments, OPTIONS);
      assert.equal(summary.ranked, abs.length);
      assert.equal(summary.ranked + summary.unranked, 6);
      assert.equal(summary.maximum, abs.length === 0 ? null : Math.max(...abs));
      close(summary.mean, abs.length === 0 ? null : abs.reduce((x, y) => x + y, 0) / abs.length);
      if (summary.maximum !== null) {
        assert.ok(summary.interval.low <= summary.maximum && summary.maximum <= summary.interval.high + 1e-12);
      }
    }),
  );
});

test('a pair under the minimum support is listed and not ranked', () => {
  const rows = (n: number, s: number, y: number[]) => Array.from({ length: n }, () => ({ s: [s], y, q: 1 }));
  // Label 0 sits on one example, all of it in s = 1; label 1 is common and mildly skewed; label 2 is absent.
  const moments = momentsOf(
    [...rows(1, 1, [0]), ...rows(40, 1, [1]), ...rows(39, 1, []), ...rows(30, 0, [1]), ...rows(50, 0, [])],
    1,
    3,
  );
  const summary = association(moments, { ...OPTIONS, minimumSupport: 30, listed: 1 });
  assert.deepEqual(summary.worst, [{ attribute: 0, label: 1, ab: 40 / 80 - 30 / 80 }]);
  assert.equal(summary.unranked, 2);
  assert.deepEqual(summary.unrankedPairs, [{ attribute: 0, label: 0, support: 1 }]);
});

test('the worst of 60 pairs without any association is seldom reported as a finding', () => {
  let state = 7;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const runs = 100;
  let findings = 0;
  let naive = 0;
  for (let run = 0; run < runs; run++) {
    const rows = Array.from({ length: 400 }, () => ({
      s: [Number(uniform() < 0.4)],
      y: Array.from({ length: 60 }, (_, r) => r).filter(() => uniform() < 0.3),
      q: uniform() < 0.5 ? 1 : 0.5,
    }));
    const moments = momentsOf(rows, 1, 60);
    const summary = association(moments, OPTIONS);
    if (summary.interval.low > 0) findings++;
    const worst = pairFigure(moments, 0, summary.worst[0].label, Z).interval;
    if (worst.low > 0 || worst.high < 0) naive++;
  }
  assert.ok(findings <= 0.12 * runs, `${findings} false findings of ${runs}`);
  assert.ok(naive >= 0.8 * runs, `${naive} without the correction`);
});

test('the raw biases of Adult are those of the specification', needs(ADULT), async () => {
  const raw = ({ tags, attributes, labels }: Adult) => {
    const exits = [emptyMoments(attributes.length, labels.length)];
    addCounts(exits, tags, new Uint8Array(tags.rows), Uint8Array.of(0));
    return exits[0];
  };
  for (const [read, labels, ab] of [
    [adultSetA, 16, 0.200159],
    [adultSetC, 50, 0.466219],
  ] as const) {
    const set = await read();
    assert.equal(set.labels.length, labels);
    const moments = raw(set);
    assert.equal(cellOf(moments, 0).support, 30_162);
    const rb = set.attributes.map((_, k) => attributeFigure(moments, k, 0.5, Z).rb!);
    close(Math.max(...rb), 0.35979, 5e-7);
    close(association(moments, OPTIONS).maximum, ab, 5e-7);
    close(association(moments, { ...OPTIONS, minimumSupport: 30 }).maximum, ab, 5e-7);
  }
});
