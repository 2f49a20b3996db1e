import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Tags } from '../../../schemas/tags.js';
import { fitExact } from '../../../transforms/balance/exact.js';
import { createInstance, type Instance } from '../../../transforms/balance/instance.js';
import { largestRate } from '../../../transforms/balance/largest-rate.js';
import { addPatterns, createPatterns, mergePatterns, patternCount } from '../../../transforms/balance/patterns.js';
import { needs } from '../../shared.js';
import { ADULT, type Example, readAdult } from './adult.js';
import { problemOf, synthetic } from './synthetic.js';

type Options = Parameters<typeof problemOf>[1];

function instanceOf(example: Example, utility?: Float64Array): Instance {
  const table = createPatterns(example.m, example.c, 1_000_000);
  addPatterns(table, example.tags, utility);
  return createInstance(table);
}

const close = (got: number, want: number, relative: number, what: string) =>
  assert.ok(Math.abs(got - want) <= relative * Math.abs(want), `${what}: ${got}, expected ${want}`);

// Figures of an independent interior-point solver; they have eight decimals, hence the absolute half unit.
test('the exact fit reaches every reference optimum, with a gap of rounding', needs(ADULT), async () => {
  const { A, C, unknowns, fnlwgt } = await readAdult();
  const cases: [Example, Options, number, number, Float64Array?][] = [
    [A, { rate: 0.25, penalty: 1 }, 0.03785532, 0],
    [A, { rate: 0.25, penalty: 10 }, 0.03785532, 0],
    [A, { rate: 0.25, penalty: 100 }, 0.03785532, 0],
    [A, { rate: 0.5 }, 1.74003977, 0.16747795],
    [A, { rate: 0.9 }, 8.82369204, 0.87808998],
    [A, { rate: 0.5, maximum: 2 }, 0.15142127, 0],
    [A, { rate: 0.25, association: 0.05, conditional: true }, 0.04375804, 0],
    [A, { rate: 0.1, association: 0.02, conditional: true, penalty: 100 }, 0.00737697, 0],
    [A, { rate: 0.9, target: [0.324, 0.14] }, 0.80090315, 0.07827578],
    [A, { rate: 0.25 }, 0.03790111, 0, fnlwgt],
    [C, { rate: 0.25 }, 0.07447768, 0],
    [unknowns, { rate: 0.35 }, 0.05250079, 0],
    [unknowns, { rate: 0.4 }, 0.14229697, 0.00699343],
    [unknowns, { rate: 0.8 }, 3.88780071, 0.38253387],
    [unknowns, { rate: 0.4, association: 0.05, conditional: true }, 0.17853315, 0.01075748],
    [unknowns, { rate: 0.4, maximum: 2 }, 0.06593525, 0],
  ];
  for (const [example, options, optimum, violation, utility] of cases) {
    const fit = fitExact(instanceOf(example, utility), problemOf(example, options));
    const name = JSON.stringify(options);
    assert.ok(Math.abs(fit.primal - optimum) <= 1e-6 * optimum, `${name}: ${fit.primal}, expected ${optimum}`);
    assert.ok(fit.converged && fit.gap < 1e-9, `${name}: gap ${fit.gap}`);
    close(fit.meanWeight, options.rate, 1e-12, name);
    const total = fit.violations.reduce((sum, v) => sum + v.violation, 0);
    assert.ok(Math.abs(total - violation) < 2e-8, `${name}: violation ${total}, expected ${violation}`);
  }
});

test('the largest feasible rate agrees with the linear programme', needs(ADULT), async () => {
  const { A, C, unknowns } = await readAdult();
  const cases: [Example, Omit<Options, 'rate'>, number][] = [
    [A, {}, 0.286142],
    [A, { representation: 0.02, association: 0.02 }, 0.292103],
    [A, { association: 0.05, conditional: true }, 0.264498],
    [A, { association: 0.02, conditional: true }, 0.258711],
    [A, { maximum: 2 }, 0.572284],
    [C, {}, 0.258089],
    [C, { association: 0.1, conditional: true }, 0.25642],
    [unknowns, {}, 0.386776],
    [unknowns, { association: 0.05, conditional: true }, 0.376954],
    [unknowns, { maximum: 2 }, 0.773551],
  ];
  for (const [example, options, want] of cases) {
    const instance = instanceOf(example);
    const found = largestRate(instance, problemOf(example, { ...options, rate: Number.NaN }));
    assert.ok(found.converged, JSON.stringify(found));
    close(found.rate, want, 1e-5, JSON.stringify(options));
    // It is the border: nothing is violated just below it, something is just above.
    const at = (rate: number) => fitExact(instance, problemOf(example, { ...options, rate, penalty: 1000 })).violations;
    assert.equal(at(found.rate * 0.999).length, 0);
    assert.notEqual(at(Math.min(found.rate * 1.01, 1)).length, 0);
  }
});

test(
  'the largest feasible rate is feasible also where a dual is nearly flat, and where all weight must go to one side',
  needs(ADULT),
  async () => {
    const { A } = await readAdult();
    const instance = instanceOf(A);
    const rateOf = (options: Omit<Options, 'rate'>) =>
      largestRate(instance, problemOf(A, { ...options, rate: Number.NaN }));
    const rates = [0.0037, 0.003744, 0.004].map((eps) => rateOf({ representation: eps, association: eps }));
    assert.ok(
      rates.every((r) => r.converged),
      JSON.stringify(rates),
    );
    // A looser tolerance allows no smaller rate: these neighbours are 0.27014 and 0.27104.
    assert.ok(rates[0].rate <= rates[1].rate + 1e-6 && rates[1].rate <= rates[2].rate + 1e-6, JSON.stringify(rates));
    close(rates[1].rate, 0.2703, 1e-3, 'between its neighbours');
  },
);

test('the synthetic problem of 200,000 continuous patterns is solved to its known optimum', () => {
  const rows = 200_000;
  const data = synthetic(rows);
  const instance = instanceOf(data, data.utility);
  assert.equal(instance.share.length, rows);
  // The reference figure was computed with u as drawn, not divided by its mean.
  const asDrawn = { ...instance, utility: instance.utility.map((u) => u * instance.utilityMean) };
  const fit = fitExact(asDrawn, problemOf(data, { rate: 0.5, representation: 0.001, association: 0.001 }));
  close(fit.primal, 0.098985, 1e-5, 'primal');
  close(
    fit.violations.reduce((sum, v) => sum + v.violation, 0),
    0.00163169,
    1e-5,
    'violation',
  );
  assert.ok(fit.gap < 1e-9, String(fit.gap));
});

test('duals are bit-identical whatever the order of rows and the number of parts', () => {
  const data = synthetic(3000, 2, 12, 7);
  const problem = problemOf(data, { rate: 0.4 });
  const want = fitExact(instanceOf(data, data.utility), problem);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2999 }), (parts, turn) => {
      const total = createPatterns(2, 12, 1_000_000);
      for (let part = 0; part < parts; part++) {
        const rows: number[] = [];
        for (let i = 0; i < 3000; i++) if (i % parts === part) rows.push((i * 7 + turn) % 3000);
        const table = createPatterns(2, 12, 1_000_000);
        addPatterns(
          table,
          pick(data.tags, 2, rows),
          Float64Array.from(rows, (i) => data.utility[i]),
        );
        mergePatterns(total, table);
      }
      const fit = fitExact(createInstance(total), problem);
      assert.deepEqual(fit, want);
    }),
    { numRuns: 12 },
  );
});

test('labels that repeat each other, that everyone has or that no one has do not stop the fit', () => {
  const data = synthetic(4000, 2, 10, 3);
  const twice: number[] = [];
  const offsets = [0];
  for (let i = 0; i < data.tags.rows; i++) {
    const labels = [...data.tags.labels.slice(data.tags.offsets[i], data.tags.offsets[i + 1])];
    twice.push(...labels, ...labels.map((r) => r + 10), 20);
    offsets.push(twice.length);
  }
  const tags = { ...data.tags, offsets: Uint32Array.from(offsets), labels: Uint16Array.from(twice) };
  const example = { tags, m: 2, c: 23 };
  for (const rate of [0.2, 0.9]) {
    const fit = fitExact(instanceOf(example, data.utility), problemOf(example, { rate, association: 0.001 }));
    assert.ok(fit.converged, `gap ${fit.gap}`);
    for (const r of [22, 23]) for (const k of [0, 1]) assert.equal(fit.w[k * 24 + r], 0);
  }
});

test('a rate equal to the largest weight keeps everything', () => {
  const data = synthetic(500, 2, 5, 2);
  const fit = fitExact(instanceOf(data), problemOf(data, { rate: 1 }));
  close(fit.meanWeight, 1, 1e-12, 'mean weight');
});

test('a warm start ends at the same optimum', () => {
  const data = synthetic(3000, 2, 12, 7);
  const instance = instanceOf(data, data.utility);
  const problem = problemOf(data, { rate: 0.4 });
  const cold = fitExact(instance, problem);
  const warm = fitExact(instance, problem, { start: cold });
  close(warm.primal, cold.primal, 1e-11, 'primal');
  assert.ok(warm.iterations < cold.iterations, `${warm.iterations} of ${cold.iterations}`);
});

test('patterns of the reference sets', needs(ADULT), async () => {
  const { A, C, unknowns, fnlwgt } = await readAdult();
  const count = (example: Example, utility?: Float64Array) => {
    const table = createPatterns(example.m, example.c, 1_000_000);
    addPatterns(table, example.tags, utility);
    return patternCount(table);
  };
  assert.deepEqual([count(A), count(C), count(unknowns), count(A, fnlwgt)], [193, 10_040, 406, 29_060]);
});

/** Some rows of a batch, in the given order. */
function pick(tags: Tags, m: number, rows: readonly number[]): Tags {
  const offsets = new Uint32Array(rows.length + 1);
  const labels: number[] = [];
  const attributes = new Uint8Array(rows.length * m);
  rows.forEach((row, i) => {
    attributes.set(tags.attributes.subarray(row * m, (row + 1) * m), i * m);
    labels.push(...tags.labels.subarray(tags.offsets[row], tags.offsets[row + 1]));
    offsets[i + 1] = labels.length;
  });
  return { rows: rows.length, attributes, offsets, labels: Uint16Array.from(labels) };
}
