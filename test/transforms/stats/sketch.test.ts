import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import {
  addValue,
  decodeSketch,
  emptySketch,
  encodeSketch,
  mergeSketches,
  RELATIVE_ERROR,
  readSketch,
} from '../../../transforms/stats/sketch.js';

const number = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.constantFrom(0, -0, 5e-324, Number.MAX_VALUE, -1, Number.NaN, Number.POSITIVE_INFINITY),
);
const numbers = fc.array(number, { maxLength: 60 });

function sketchOf(values: readonly number[]) {
  const sketch = emptySketch();
  for (const value of values) addValue(sketch, value);
  return sketch;
}

test('every quantile is within the stated error of the value of its rank', () => {
  fc.assert(
    fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, probability) => {
      const finite = values.filter(Number.isFinite).sort((a, b) => a - b);
      const { quantiles, rows, missing, minimum, maximum } = readSketch(sketchOf(values), [probability], 10);
      assert.deepEqual([rows, missing], [finite.length, values.length - finite.length]);
      if (rows === 0) return;
      const exact = finite[Math.max(1, Math.ceil(probability * rows)) - 1];
      // Doubles without all their bits cannot be met more closely than by one of them.
      const error = Math.max(RELATIVE_ERROR * (1 + 1e-9) * Math.abs(exact), 5e-324);
      assert.ok(Math.abs(quantiles[0].value - exact) <= error, `${quantiles[0].value} for ${exact}`);
      assert.ok(minimum === finite[0] && maximum === finite.at(-1));
    }),
    { numRuns: 1000 },
  );
});

test('bins hold the values that their bounds say, all of them, in at most as many as asked for', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 4, max: 40 }), (values, most) => {
      const finite = values.filter((x) => Number.isFinite(x) && (x === 0 || Math.abs(x) > 1e-300));
      const { bins } = readSketch(sketchOf(finite), [], most);
      assert.ok(bins.length <= most, `${bins.length}`);
      for (const { low, high, rows } of bins) {
        // Bounds are powers, met to rounding.
        const slack = 1e-9;
        const isIn = (x: number, by: number) =>
          low === high ? x === 0 : x > low - by * Math.abs(low) && x <= high + by * Math.abs(high);
        assert.ok(finite.filter((x) => x !== 0 || low === high).filter((x) => isIn(x, -slack)).length <= rows);
        assert.ok(finite.filter((x) => x !== 0 || low === high).filter((x) => isIn(x, slack)).length >= rows);
      }
      assert.equal(
        bins.reduce((sum, { rows }) => sum + rows, 0),
        finite.length,
      );
    }),
  );
});

test('sketches are a commutative monoid, and equal ones have equal bytes', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const merged = mergeSketches(sketchOf(a), decodeSketch(encodeSketch(sketchOf(b))));
      assert.deepEqual(encodeSketch(merged), encodeSketch(sketchOf([...b, ...a])));
      assert.equal(merged.atMaximum, [...a, ...b].filter((x) => x === merged.maximum).length);
    }),
  );
});

test('bytes that lie are refused', () => {
  const bytes = encodeSketch(sketchOf([1, 2, 3]));
  assert.throws(() => decodeSketch(bytes.subarray(0, -1)), InputError);
  assert.throws(() => decodeSketch(Uint8Array.of(...bytes, 0)), InputError);
  assert.throws(() => decodeSketch(Uint8Array.of(0, 200, 1)), InputError);
});
