import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addMargins,
  calibrateHistogram,
  calibratePatterns,
  createHistogram,
  firstGrid,
  mergeHistograms,
} from '../../../transforms/balance/calibrate.js';
import {
  addCertificate,
  certify,
  createCertificate,
  mergeCertificates,
} from '../../../transforms/balance/certificate.js';
import { fitExact } from '../../../transforms/balance/exact.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { addPatterns, createPatterns } from '../../../transforms/balance/patterns.js';
import { weigh } from '../../../transforms/balance/weight.js';
import { anyCase, caseOf, denseMargin, denseMoments, denseUtility, denseWeight, slice } from './arbitrary.js';
import { problemOf, synthetic } from './synthetic.js';

test('a weight is the closed form over all 2 m (c + 1) entries of the bias vector, in whole units', () => {
  fc.assert(
    fc.property(anyCase(30), (one) => {
      const { tags, utility } = one.example;
      const got = weigh(tags, utility, one.duals, one.problem, new Float64Array(tags.rows));
      got.forEach((q, row) => {
        assert.ok(Math.abs(q - denseWeight(one, row)) <= 2 ** -30, `row ${row}`);
        assert.equal(q * 2 ** 30, Math.round(q * 2 ** 30));
      });
    }),
  );
});

test('a certificate holds the primal and dual values of the dense definition', () => {
  fc.assert(
    fc.property(anyCase(60), (one) => {
      const { tags, utility } = one.example;
      if (tags.rows === 0) return;
      const sums = createCertificate(one.problem);
      addCertificate(sums, tags, utility, one.duals, one.problem);
      const got = certify(sums, one.duals, one.problem);
      const J = one.duals.w.length;
      const moment = new Float64Array(J);
      const allowance = new Float64Array(J);
      let primal = 0;
      let dual = -one.duals.mu * one.duals.rate;
      for (let row = 0; row < tags.rows; row++) {
        const q = denseWeight(one, row);
        const half = (q - one.duals.rate * denseUtility(one, row)) ** 2 / 2;
        const { phi, kappa } = denseMoments(one, row);
        primal += half / tags.rows;
        dual += (half + q * (denseMargin(one, row) + one.duals.mu)) / tags.rows;
        for (let j = 0; j < J; j++) {
          moment[j] += (q * phi[j]) / tags.rows;
          allowance[j] += (q * kappa[j] * one.problem.tolerance[j]) / tags.rows;
        }
      }
      const violation = moment.reduce((sum, x, j) => sum + Math.max(0, Math.abs(x) - allowance[j]), 0);
      primal += one.problem.penalty * violation;
      assert.ok(Math.abs(got.violation - violation) < 1e-7);
      assert.ok(Math.abs(got.primal - primal) < 1e-6, `${got.primal}, expected ${primal}`);
      assert.ok(Math.abs(got.dual - dual) < 1e-8, `${got.dual}, expected ${dual}`);
    }),
  );
});

test('certificates and histograms are the same bits for any split and order of merging', () => {
  fc.assert(
    fc.property(fc.nat(), fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 6 }), (seed, cuts) => {
      const one = caseOf(seed, 200, seed % 3 === 0);
      const bounds = [0, ...cuts.sort((a, b) => a - b), 200];
      const parts = bounds.slice(1).map((to, i) => slice(one, bounds[i], to));
      const grid = firstGrid(one.duals.mu, one.problem.maximum);
      const whole = createCertificate(one.problem);
      const wholeHistogram = createHistogram(grid);
      addCertificate(whole, one.example.tags, one.example.utility, one.duals, one.problem);
      addMargins(wholeHistogram, one.example.tags, one.example.utility, one.duals, one.problem);
      const merged = createCertificate(one.problem);
      const mergedHistogram = createHistogram(grid);
      for (const part of parts.reverse()) {
        const sums = createCertificate(one.problem);
        addCertificate(sums, part.tags, part.utility, one.duals, one.problem);
        mergeCertificates(merged, sums);
        const histogram = createHistogram(grid);
        addMargins(histogram, part.tags, part.utility, one.duals, one.problem);
        mergeHistograms(mergedHistogram, histogram);
      }
      assert.deepEqual(merged, whole);
      assert.deepEqual(mergedHistogram, wholeHistogram);
    }),
  );
});

test('the certificate of an exact fit has its gap, and its primal and dual values', () => {
  const data = synthetic(20_000, 2, 20, 5);
  const problem = problemOf(data, { rate: 0.4 });
  const table = createPatterns(data.m, data.c, 100_000);
  addPatterns(table, data.tags, data.utility);
  const fit = fitExact(createInstance(table), problem);
  const sums = createCertificate(problem);
  addCertificate(sums, data.tags, data.utility, fit, problem);
  const proof = certify(sums, fit, problem);
  assert.ok(Math.abs(proof.primal - fit.primal) < 1e-7 && Math.abs(proof.dual - fit.dual) < 1e-8);
  assert.ok(Math.abs(proof.meanWeight - 0.4) < 1e-9);
});

test('mu from a histogram keeps its bound, and a second, finer pass makes that bound 1e-6', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const one = caseOf(seed, 4000, seed % 3 === 0);
      const { tags, utility } = one.example;
      const meanAt = (mu: number) =>
        weigh(tags, utility, { ...one.duals, mu }, one.problem, new Float64Array(tags.rows)).reduce(
          (a, q) => a + q,
          0,
        ) / tags.rows;
      // Far off on purpose: the first pass is then coarse.
      let grid: ReturnType<typeof firstGrid> = { windows: [{ low: -100, high: 100 }], bins: 64 };
      let bound = 1;
      for (let pass = 0; pass < 4 && bound > 1e-6; pass++) {
        const histogram = createHistogram(grid);
        addMargins(histogram, tags, utility, one.duals, one.problem);
        const found = calibrateHistogram(histogram, one.problem, 0);
        assert.ok(Math.abs(meanAt(found.mu) - one.problem.rate) <= found.bound + 2 ** -30, `pass ${pass}`);
        ({ bound, finer: grid } = found);
      }
      assert.ok(bound <= 1e-6, String(bound));
    }),
    { numRuns: 20 },
  );
});

test('mu over patterns gives the rate to rounding', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const one = caseOf(seed, 300, false);
      const table = createPatterns(one.example.m, one.example.c, 1000);
      addPatterns(table, one.example.tags, one.example.utility);
      const instance = createInstance(table);
      const mu = calibratePatterns(instance, one.duals.w, one.problem);
      const duals = { ...one.duals, mu, utilityMean: instance.utilityMean };
      const { tags, utility } = one.example;
      const q = weigh(tags, utility, duals, one.problem, new Float64Array(tags.rows));
      assert.ok(Math.abs(q.reduce((a, b) => a + b, 0) / tags.rows - one.problem.rate) < 2 ** -30);
    }),
  );
});
