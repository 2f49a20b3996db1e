import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError, InvariantError } from '../../../schemas/errors.js';
import {
  addWeights,
  decodeHistogram,
  emptyHistogram,
  encodeHistogram,
  mergeHistograms,
  readHistogram,
  WEIGHT_BINS,
} from '../../../transforms/stats/histogram.js';

const MAXIMUM = 3;
const weights = fc.array(fc.oneof(fc.constantFrom(0, MAXIMUM), fc.double({ min: 0, max: MAXIMUM, noNaN: true })));

function histogramOf(values: readonly number[]) {
  const histogram = emptyHistogram(MAXIMUM);
  addWeights(histogram, Float64Array.from(values));
  return histogram;
}

test('every weight is counted once, in the bin that holds it', () => {
  fc.assert(
    fc.property(weights, (values) => {
      const { rows, zero, atMaximum, bins } = readHistogram(histogramOf(values));
      assert.equal(rows, values.length);
      assert.equal(zero, values.filter((q) => q === 0).length);
      assert.equal(atMaximum, values.filter((q) => q === MAXIMUM).length);
      const between = values.filter((q) => q > 0 && q < MAXIMUM);
      assert.equal(bins.length, WEIGHT_BINS);
      bins.forEach((bin) => {
        // Bounds that are no binary fractions are met to rounding.
        const surely = between.filter((q) => q > bin.low + 1e-12 && q < bin.high - 1e-12).length;
        const possibly = between.filter((q) => q >= bin.low - 1e-12 && q <= bin.high + 1e-12).length;
        assert.ok(surely <= bin.rows && bin.rows <= possibly);
      });
    }),
  );
});

test('histograms merge to the histogram of all, and survive encoding', () => {
  fc.assert(
    fc.property(weights, weights, (a, b) => {
      const merged = mergeHistograms(histogramOf(a), decodeHistogram(encodeHistogram(histogramOf(b))));
      assert.deepEqual(merged, histogramOf([...b, ...a]));
    }),
  );
});

test('chosen rows only are counted', () => {
  const histogram = emptyHistogram(1);
  addWeights(histogram, Float64Array.of(0, 0.5, 1, 7), Uint32Array.of(0, 2));
  const { rows, zero, atMaximum } = readHistogram(histogram);
  assert.deepEqual([rows, zero, atMaximum], [2, 1, 1]);
});

test('a weight out of range, another maximum and bytes that lie are refused', () => {
  for (const bad of [-0.1, 3.1, Number.NaN]) assert.throws(() => histogramOf([bad]), InvariantError);
  assert.throws(() => mergeHistograms(emptyHistogram(1), emptyHistogram(2)), InvariantError);
  const bytes = encodeHistogram(emptyHistogram(1));
  assert.throws(() => decodeHistogram(bytes.subarray(1)), InputError);
  bytes.fill(255, 8);
  assert.throws(() => decodeHistogram(bytes), /expected counts, got NaN/);
});
