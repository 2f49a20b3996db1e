import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NEARER, PROBABILITY, UNKNOWN } from '../../../schemas/tags.js';
import { fitExact } from '../../../transforms/balance/exact.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { addPatterns, createPatterns } from '../../../transforms/balance/patterns.js';
import { biasAtRates } from '../../../transforms/balance/rates.js';
import { weigh } from '../../../transforms/balance/weight.js';
import { type Case, caseOf } from './arbitrary.js';

const RATES = [0.2, 0.4, 1];

function instanceOf({ example }: Case) {
  const { m, c, tags, utility } = example;
  const table = createPatterns(m, c, 1_000_000);
  addPatterns(table, tags, utility);
  return createInstance(table);
}

/** RB, AB and ESS of weights, row by row. */
function slowBias({ example, problem }: Case, q: Float64Array, minimumSupport: number) {
  const { tags, m, c } = example;
  const rows = Array.from({ length: tags.rows }, (_, i) => i);
  const carries = (i: number, r: number) => tags.labels.subarray(tags.offsets[i], tags.offsets[i + 1]).includes(r);
  const sum = (of: number[]) => of.reduce((total, i) => total + q[i]!, 0);
  // Less is the solver's rounding.
  const least = 1e-9 * sum(rows);
  const rbs: number[] = [];
  const abs: number[] = [];
  for (let k = 0; k < m; k++) {
    const known = rows.filter((i) => tags.attributes[i * m + k] !== UNKNOWN);
    const nearer = (s: number) => known.filter((i) => NEARER[tags.attributes[i * m + k]!] === s).length;
    const share = (of: number[], s: number) =>
      of.reduce((total, i) => total + q[i]! * Math.abs(1 - s - PROBABILITY[tags.attributes[i * m + k]!]!), 0);
    if (sum(known) > least) rbs.push(Math.abs(problem.target[k]! - share(known, 1) / sum(known)));
    for (let r = 0; r < c; r++) {
      const carrying = known.filter((i) => carries(i, r));
      if (Math.min(nearer(0), nearer(1), carrying.length) < minimumSupport) continue;
      if (share(known, 0) > least && share(known, 1) > least)
        abs.push(Math.abs(share(carrying, 1) / share(known, 1) - share(carrying, 0) / share(known, 0)));
    }
  }
  const squares = rows.reduce((total, i) => total + q[i]! ** 2, 0);
  const largest = (of: number[]) => (of.length === 0 ? null : Math.max(...of));
  return { rb: largest(rbs), ab: largest(abs), ess: sum(rows) ** 2 / squares };
}

test('the bias at each rate is that of the rows under the weights of an exact fit at that rate', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 30, max: 120 }), fc.integer({ min: 1, max: 30 }), (seed, rows, support) => {
      const it = caseOf(seed, rows, false);
      const instance = instanceOf(it);
      const problems = RATES.map((rate) => ({ ...it.problem, rate }));
      // Where a rate is not feasible, fits from other starts end a little apart, within the solver's tolerance.
      let start: { readonly w: Float64Array; readonly mu: number } | undefined;
      biasAtRates(instance, problems, support).forEach((got, i) => {
        const problem = problems[i]!;
        const fit = fitExact(instance, problem, start === undefined ? {} : { start });
        start = fit;
        const q = weigh(it.example.tags, it.example.utility, fit, problem, new Float64Array(rows));
        const slow = slowBias(it, q, support);
        const close = (a: number | null, b: number | null, what: string) =>
          assert.ok(
            a === b || Math.abs(a! - b!) < 1e-5 * Math.max(1, Math.abs(b!)),
            `${what} at ${problem.rate}: ${a}, ${b}`,
          );
        assert.equal(got.rate, problem.rate);
        close(got.rb, slow.rb, 'rb');
        close(got.ab, slow.ab, 'ab');
        close(got.ess, slow.ess, 'ess');
        close(
          got.violation,
          fit.violations.reduce((total, v) => total + v.violation, 0),
          'violation',
        );
      });
    }),
    // In the example all rows with an attribute have weight 0, but for rounding.
    { numRuns: 60, examples: [[1587465862, 34, 1]] },
  );
});

test('no pair with enough support: no AB', () => {
  const it = caseOf(3, 50, false);
  const [only] = biasAtRates(instanceOf(it), [it.problem], 51);
  assert.equal(only!.ab, null);
  assert.notEqual(only!.rb, null);
});
