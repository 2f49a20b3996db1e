import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { controlOf, unionOf } from '../../../transforms/stats/control.js';
import { addWeighted, emptyMoments } from '../../../transforms/stats/moments.js';
import { encodeMoments } from '../../../transforms/stats/moments-codec.js';
import { type Row, rowsArbitrary, tagsOf } from './rows.js';

const [M, C, RANGES] = [2, 2, 8];

/** Row i is in range i mod RANGES. */
function weighed(rows: readonly Row[], weightOf: (range: number) => number) {
  const moments = emptyMoments(M, C);
  addWeighted(
    moments,
    tagsOf(rows),
    Float64Array.from(rows, (_, i) => weightOf(i % RANGES)),
  );
  return moments;
}

test('the control is the rows below the rate, and a part of those of the range that holds it', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), fc.double({ min: 0, max: 1, noNaN: true }), (rows, rate) => {
      const ranges = Array.from({ length: RANGES }, (_, range) => weighed(rows, (r) => Number(r === range)));
      const whole = Math.floor(rate * RANGES);
      const part = Math.round((rate * RANGES - whole) * 2 ** 30) / 2 ** 30;
      const expected = weighed(rows, (r) => (r < whole ? 1 : r === whole ? part : 0));
      assert.deepEqual(encodeMoments(controlOf(ranges, rate)), encodeMoments(expected));
      assert.deepEqual(encodeMoments(unionOf(ranges)), encodeMoments(weighed(rows, () => 1)));
    }),
  );
});
