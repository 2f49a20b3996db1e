import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { magnitude, newcombe, wilson } from '../../../transforms/stats/intervals.js';
import { normalQuantile, twoSidedZ } from '../../../transforms/stats/normal.js';

const Z95 = twoSidedZ(0.95);

test('the normal quantile agrees with published values to 1e-12 relative', () => {
  // The first three are the check values of AS 241 itself; the others from R's qnorm.
  const published: [number, number][] = [
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798409],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.9995, 3.2905267314919255],
    [0.84, 0.994457883209753],
    [1e-10, -6.361340902404056],
  ];
  for (const [p, z] of published) {
    assert.ok(Math.abs(normalQuantile(p) - z) <= 1e-12 * Math.abs(z), `${p}: ${normalQuantile(p)}`);
  }
  assert.equal(normalQuantile(0.5), 0);
  assert.equal(normalQuantile(0), Number.NEGATIVE_INFINITY);
  assert.equal(normalQuantile(1), Number.POSITIVE_INFINITY);
});

test('the normal quantile refuses what is not a probability', () => {
  for (const bad of [-0.1, 1.1, Number.NaN]) assert.throws(() => normalQuantile(bad), RangeError);
});

test('the normal quantile is odd about 1/2 and increasing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 20 - 1 }), (i) => {
      const p = i / 2 ** 20;
      assert.equal(normalQuantile(p), 0 - normalQuantile(1 - p));
      assert.ok(normalQuantile(p) > normalQuantile(p - 2 ** -21));
    }),
  );
});

test("Wilson's interval gives the examples of Newcombe 1998, table I", () => {
  const published: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [positive, n, low, high] of published) {
    const interval = wilson(positive / n, n, Z95);
    assert.deepEqual([interval.low.toFixed(4), interval.high.toFixed(4)], [low.toFixed(4), high.toFixed(4)]);
  }
});

test("Newcombe's interval gives the examples of Newcombe 1998, table II, method 10", () => {
  const published: [number, number, number, number, number, number][] = [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ];
  for (const [x1, n1, x2, n2, low, high] of published) {
    const interval = newcombe(x1 / n1, n1, x2 / n2, n2, Z95);
    assert.deepEqual([interval.low.toFixed(4), interval.high.toFixed(4)], [low.toFixed(4), high.toFixed(4)]);
  }
});

test('with nobody seen the intervals say that nothing is known', () => {
  assert.deepEqual(wilson(Number.NaN, 0, Z95), { low: 0, high: 1 });
  const one = newcombe(Number.NaN, 0, 0.3, 50, Z95);
  assert.ok(one.low < -0.05 && one.high > 0.7 && one.low >= -1 && one.high <= 1);
});

test('an interval holds its estimate, stays in range, and widens with confidence', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const count = fc.double({ min: 0.5, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(unit, count, unit, count, (p1, n1, p2, n2) => {
      const share = wilson(p1, n1, Z95);
      assert.ok(share.low >= 0 && share.low <= p1 + 1e-12 && share.high >= p1 - 1e-12 && share.high <= 1);
      const difference = newcombe(p1, n1, p2, n2, Z95);
      assert.ok(difference.low >= -1 - 1e-12 && difference.high <= 1 + 1e-12);
      assert.ok(difference.low <= p1 - p2 + 1e-12 && difference.high >= p1 - p2 - 1e-12);
      const simultaneous = newcombe(p1, n1, p2, n2, twoSidedZ(0.95, 1000));
      assert.ok(simultaneous.low <= difference.low + 1e-12 && simultaneous.high >= difference.high - 1e-12);
    }),
  );
});

test('the magnitude of an interval that spans 0 starts at 0', () => {
  assert.deepEqual(magnitude({ low: -0.1, high: 0.3 }), { low: 0, high: 0.3 });
  assert.deepEqual(magnitude({ low: -0.4, high: 0.3 }), { low: 0, high: 0.4 });
  assert.deepEqual(magnitude({ low: -0.4, high: -0.3 }), { low: 0.3, high: 0.4 });
  assert.deepEqual(magnitude({ low: 0.2, high: 0.3 }), { low: 0.2, high: 0.3 });
});
