import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance } from '../../../transforms/balance/instance.js';
import { COARSEST_UTILITY } from '../../../transforms/balance/pattern-ranges.js';
import { createPatterns } from '../../../transforms/balance/pattern-table.js';
import { addPatterns, mergePatterns } from '../../../transforms/balance/patterns.js';
import { ratePatterns } from '../../../transforms/balance/rate-patterns.js';
import { biasAtRates } from '../../../transforms/balance/rates.js';
import { sampled, thin } from '../../../transforms/balance/thin.js';
import { problemOf, synthetic } from './synthetic.js';

const ROWS = 60_000;
const SIZE = 10_000;
const LIMIT = 15_000;
const example = synthetic(ROWS, 2, 100);
const utilityMean = example.utility.reduce((sum, u) => sum + u, 0) / ROWS;

function tableOf(level = 0) {
  const table = createPatterns(example.m, example.c, Number.POSITIVE_INFINITY);
  table.level = level;
  addPatterns(table, example.tags, example.utility);
  return table;
}

const RATES = [0.2, 0.5, 0.8, 1];
const problems = RATES.map((rate) => problemOf(example, { rate }));
const whole = biasAtRates(createInstance(tableOf()), problems, 30);

/** What a sample tells of the rates is what all patterns do, but for the chance of the draw: a few times 1 / sqrt(SIZE). */
function assertNear(got: ReturnType<typeof biasAtRates>) {
  for (const [i, { rb, ab, ess }] of got.entries()) {
    const at = `at ${RATES[i]}: ${JSON.stringify(got[i])}, of all ${JSON.stringify(whole[i])}`;
    assert.ok(Math.abs(rb! - whole[i]!.rb!) < 0.02, at);
    assert.ok(Math.abs(ab! - whole[i]!.ab!) < 0.03, at);
    assert.ok(Math.abs(ess / whole[i]!.ess - 1) < 0.03, at);
  }
}

test('patterns that are few enough are all there', () => {
  const { instance, sample } = ratePatterns({ table: tableOf() }, ROWS);
  assert.equal(sample, undefined);
  assert.deepEqual(instance, createInstance(tableOf()));
});

test('of a table with more patterns a sample of them stands for all', () => {
  const table = tableOf();
  const { instance, sample } = ratePatterns({ table }, SIZE);
  assert.equal(sample, SIZE);
  assert.equal(instance.share.length, SIZE);
  assertNear(biasAtRates(instance, problems, 30));
  assert.deepEqual(createInstance(table), createInstance(tableOf()), 'the table is as it was');
});

test('of a sample that was fitted a smaller one is that of all patterns', () => {
  const coarse = tableOf(COARSEST_UTILITY);
  const kept = thin(coarse, LIMIT);
  const gathered = {
    table: createPatterns(example.m, example.c, LIMIT),
    sample: { ...sampled(kept, LIMIT), kept, utilityMean },
  };
  const small = ratePatterns(gathered, SIZE);
  assert.equal(small.sample, SIZE);
  assert.deepEqual(small.instance, createInstance(sampled(coarse, SIZE).table, utilityMean));
  assertNear(biasAtRates(small.instance, problems, 30));
  const large = ratePatterns(gathered, 2 * LIMIT);
  assert.equal(large.sample, LIMIT, 'there are no more');
  assert.deepEqual(large.instance, createInstance(gathered.sample.table, utilityMean));
});

test('does not depend on how the rows were split', () => {
  const half = (from: number, to: number) => {
    const table = createPatterns(example.m, example.c, Number.POSITIVE_INFINITY);
    const { tags, m, utility } = example;
    const offsets = tags.offsets.slice(from, to + 1).map((at) => at - tags.offsets[from]!);
    const labels = tags.labels.slice(tags.offsets[from], tags.offsets[to]);
    const attributes = tags.attributes.slice(from * m, to * m);
    addPatterns(table, { rows: to - from, attributes, offsets, labels }, utility.slice(from, to));
    return table;
  };
  const joined = half(ROWS / 3, ROWS);
  mergePatterns(joined, half(0, ROWS / 3));
  assert.deepEqual(ratePatterns({ table: joined }, SIZE).instance, ratePatterns({ table: tableOf() }, SIZE).instance);
});
