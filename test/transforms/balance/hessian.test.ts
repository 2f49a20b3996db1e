import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { solveBox } from '../../../transforms/balance/box-newton.js';
import { biasRows, denseHessian, hessianOperator } from '../../../transforms/balance/hessian.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { addPatterns, createPatterns } from '../../../transforms/balance/patterns.js';
import { type Case, caseOf, denseMoments } from './arbitrary.js';
import { generator } from './synthetic.js';

/** Rows, the duals that move with their signs, and which groups are open. */
function setUp(one: Case) {
  const { problem, example } = one;
  const table = createPatterns(problem.m, problem.c, 10_000);
  addPatterns(table, example.tags);
  const instance = createInstance(table);
  const index: number[] = [];
  const sign: number[] = [];
  one.duals.w.forEach((w, j) => {
    if (w === 0) return;
    index.push(j);
    sign.push(Math.sign(w));
  });
  const open = instance.share.map((share, g) => (g % 3 === 0 ? 0 : share));
  const task = { instance, problem, goal: instance.utility, rate: 0.4, maximumIterations: 1, tolerance: 0 };
  const rows = biasRows(task, { index, sign, gradient: index.map(() => 0) }, open);
  return { instance, index, sign, open, rows };
}

test('the stored and the applied Hessian are the sum of a a over the open patterns', () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), (seed, conditional) => {
      const one = caseOf(seed, 80, conditional);
      const { instance, index, sign, open, rows } = setUp(one);
      const n = index.length + 1;
      const want = new Float64Array(n * n);
      const example = { ...one.example, tags: instance.tags };
      for (let g = 0; g < instance.tags.rows; g++) {
        const { phi, kappa } = denseMoments({ example, problem: one.problem }, g);
        const a = [...index.map((j, i) => sign[i] * phi[j] - one.problem.tolerance[j] * kappa[j]), 1];
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) want[i * n + j] += open[g] * a[i] * a[j];
      }
      const stored = denseHessian(rows);
      const applied = hessianOperator(rows);
      const unit = new Float64Array(n);
      const column = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        assert.ok(Math.abs(applied.diagonal[i] - want[i * n + i]) < 1e-13);
        assert.ok(Math.abs(stored.diagonal[i] - want[i * n + i]) < 1e-13);
        unit.fill(0)[i] = 1;
        for (const operator of [stored, applied]) {
          operator.apply(unit, column);
          for (let j = 0; j < n; j++) assert.ok(Math.abs(column[j] - want[i * n + j]) < 1e-13);
        }
      }
    }),
  );
});

test('a quadratic in a box has no ascent left at its maximiser, by Cholesky and by conjugate gradients', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { rows } = setUp(caseOf(seed, 80, false));
      const random = generator(seed);
      for (const operator of [denseHessian(rows), hessianOperator(rows)]) {
        const { n } = operator;
        const g = Float64Array.from({ length: n }, () => random() - 0.5);
        const lower = Float64Array.from({ length: n }, () => -random());
        const upper = Float64Array.from({ length: n }, () => random());
        const x = solveBox({ operator, g, lower, upper, ridge: 1e-6 });
        const product = new Float64Array(n);
        operator.apply(x, product);
        for (let i = 0; i < n; i++) {
          const slope = g[i] - product[i] - 1e-6 * x[i];
          assert.ok(x[i] >= lower[i] && x[i] <= upper[i]);
          if (x[i] < upper[i]) assert.ok(slope < 1e-6, `${i}: could grow, slope ${slope}`);
          if (x[i] > lower[i]) assert.ok(slope > -1e-6, `${i}: could shrink, slope ${slope}`);
        }
      }
    }),
  );
});
