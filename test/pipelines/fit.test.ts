import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireUtility } from '../../pipelines/fit.js';
import { addPatterns, createPatterns } from '../../transforms/balance/patterns.js';
import { scaledUtility } from '../../transforms/balance/weight.js';

/** Patterns of rows with one attribute and no label, with these utilities. */
function patternsOf(utility: readonly number[]) {
  const rows = utility.length;
  const table = createPatterns(1, 0, 100);
  const tags = {
    rows,
    attributes: Uint8Array.from(utility, (_, i) => i % 2),
    offsets: new Uint32Array(rows + 1),
    labels: new Uint16Array(0),
  };
  addPatterns(table, tags, Float64Array.from(utility));
  return table;
}

test('a utility that is 0 in every row is refused, by the name of its column', () => {
  assert.throws(
    () => requireUtility(patternsOf([0, 0, Number.NaN]), 'quality'),
    /column quality: expected a number above 0/,
  );
  requireUtility(patternsOf([0, 0.5, 0]), 'quality');
  requireUtility(patternsOf([Number.NaN, Number.NaN]), 'quality');
});

test('a utility far above the mean known so far stays a number whose square is one', () => {
  const u = scaledUtility(1e300, 0.3);
  assert.ok(Number.isFinite(u * u) && u > 1e8);
  assert.equal(scaledUtility(0.6, 0.3), 2);
  for (const silent of [Number.NaN, -1, Number.POSITIVE_INFINITY]) assert.equal(scaledUtility(silent, 0.3), 1);
});
