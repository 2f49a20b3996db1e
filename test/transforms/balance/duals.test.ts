import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Duals, decodeDuals, encodeDuals, warmStart } from '../../../schemas/duals.js';
import { InputError } from '../../../schemas/errors.js';
import { addUnits, carry, createSums, mergeSums, sumValue } from '../../../schemas/exact-sum.js';

const duals: Duals = {
  version: 1,
  attributes: ['female', 'old'],
  labels: ['nurse', 'cook'],
  w: Float64Array.of(1, 2, 3, 4, 5, 6),
  mu: 0.25,
  rate: 0.5,
  utilityMean: 1,
  steps: 10,
  fit: 'exact',
};

test('duals keep every bit through JSON', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
  fc.assert(
    fc.property(fc.array(finite, { minLength: 6, maxLength: 6 }), finite, (w, mu) => {
      const one = { ...duals, w: Float64Array.from(w), mu };
      assert.deepEqual(decodeDuals(encodeDuals(one)), one);
    }),
  );
});

test('text that is not duals is refused with its file and key', () => {
  assert.throws(() => decodeDuals('{', 'duals.json'), InputError);
  const short = { ...JSON.parse(encodeDuals(duals)), w: [1] };
  assert.throws(() => decodeDuals(JSON.stringify(short), 'duals.json'), /duals\.json.*attributes \* \(labels \+ 1\)/);
  assert.throws(() => decodeDuals(JSON.stringify({ ...short, version: 2 }), 'duals.json'), /version/);
});

test('a warm start goes by name, and what is new starts at 0', () => {
  const start = warmStart(duals, { attributes: ['old', 'new'], labels: ['cook', 'judge', 'nurse'] });
  assert.deepEqual([...start.w], [4, 6, 0, 5, 0, 0, 0, 0]);
  assert.equal(start.mu, 0.25);
});

test('exact sums equal those of BigInt, bit for bit in any order and grouping', () => {
  const addend = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.integer({ min: -1000, max: 1000 }).map((x) => x * 2 ** 60),
  );
  fc.assert(
    fc.property(fc.array(addend, { maxLength: 60 }), fc.nat(60), (addends, cut) => {
      const sumOf = (values: readonly number[]) => {
        const sums = createSums(1);
        for (const value of values) addUnits(sums, 0, value);
        carry(sums);
        return sums;
      };
      const merged = sumOf(addends.slice(cut).reverse());
      mergeSums(merged, sumOf(addends.slice(0, cut)));
      assert.deepEqual(merged, sumOf(addends));
      const total = addends.reduce((sum, x) => sum + BigInt(x), 0n);
      assert.equal((BigInt(merged.hi[0]) << 52n) + BigInt(merged.lo[0]), total);
      assert.equal(sumValue(merged, 0), Number(total) / 2 ** 30);
    }),
  );
});
