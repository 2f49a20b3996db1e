import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../../schemas/errors.js';
import { PROBABILITY, UNKNOWN } from '../../../schemas/tags.js';
import { fitExact } from '../../../transforms/balance/exact.js';
import { createInstance } from '../../../transforms/balance/instance.js';
import { addPatterns, createPatterns, patternCounts } from '../../../transforms/balance/patterns.js';
import { createProblem } from '../../../transforms/balance/problem.js';
import { weigh } from '../../../transforms/balance/weight.js';
import { caseOf } from './arbitrary.js';

const config = { rate: 0.3 as number | 'auto', penalty: 10, maximum: 1, tolerance: { rb: 0.02, ab: 0.05 } };
const namesOf = (m: number, c: number) => ({
  attributes: Array.from({ length: m }, (_, k) => `a${k}`),
  labels: Array.from({ length: c }, (_, r) => `l${r}`),
});

test('tolerances are laid out attribute by attribute', () => {
  const problem = createProblem(
    { ...config, tolerance: { representation: 0.1, association: 0.2, conditional: true } },
    [0.5, 0.3],
    namesOf(2, 2),
  );
  assert.deepEqual([...problem.tolerance], [0.1, 0.2, 0.2, 0.1, 0.2, 0.2]);
  assert.ok(problem.conditional);
});

test('a rate above the largest weight, or a target that is no share, is refused by name', () => {
  assert.throws(
    () => createProblem({ ...config, rate: 1.5 }, [0.5, 1.5], namesOf(2, 1)),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /attributes\.a1\.target.*got 1\.5/);
      assert.match(error.message, /balance\.rate.*got 1\.5/);
      return true;
    },
  );
});

test('an automatic rate is not a number until it is given', () => {
  assert.ok(Number.isNaN(createProblem({ ...config, rate: 'auto' }, [0.5], namesOf(1, 1)).rate));
  assert.equal(createProblem({ ...config, rate: 'auto' }, [0.5], namesOf(1, 1), { rate: 0.2 }).rate, 0.2);
});

/** RB and AB of weights, from their definition. */
function measure(one: ReturnType<typeof caseOf>, q: Float64Array): { rb: number; ab: number } {
  const { tags, m, c } = one.example;
  let rb = 0;
  let ab = 0;
  for (let k = 0; k < m; k++) {
    const weight = [0, 0];
    const labelled = [new Float64Array(c), new Float64Array(c)];
    for (let i = 0; i < tags.rows; i++) {
      const s = tags.attributes[i * m + k];
      if (s === UNKNOWN) continue;
      for (const [side, part] of [1 - PROBABILITY[s], PROBABILITY[s]].entries()) {
        weight[side] += part * q[i];
        for (const r of tags.labels.subarray(tags.offsets[i], tags.offsets[i + 1])) labelled[side][r] += part * q[i];
      }
    }
    rb = Math.max(rb, Math.abs(one.problem.target[k] - weight[1] / (weight[0] + weight[1])));
    for (let r = 0; r < c; r++) ab = Math.max(ab, Math.abs(labelled[1][r] / weight[1] - labelled[0][r] / weight[0]));
  }
  return { rb, ab };
}

test('where the constraints are met, the RB and AB that were asked for are reached', () => {
  let met = 0;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.double({ min: 0.01, max: 0.1, noNaN: true }),
      fc.double({ min: 0.01, max: 0.2, noNaN: true }),
      fc.boolean(),
      (seed, rb, ab, counted) => {
        const one = caseOf(seed, 600, false);
        const { tags, m, c } = one.example;
        const table = createPatterns(m, c, 10_000);
        addPatterns(table, tags);
        const counts = counted ? patternCounts(table) : undefined;
        const wanted = { ...config, tolerance: { rb, ab } };
        const problem = createProblem(wanted, one.problem.target, namesOf(m, c), { counts });
        const fit = fitExact(createInstance(table), { ...problem, penalty: 1000 });
        if (fit.violations.length > 0) return;
        met++;
        const got = measure(one, weigh(tags, undefined, fit, problem, new Float64Array(tags.rows)));
        assert.ok(got.rb <= rb + 1e-6, `RB ${got.rb}, wanted ${rb}`);
        assert.ok(got.ab <= ab + 1e-6, `AB ${got.ab}, wanted ${ab}`);
      },
    ),
  );
  assert.ok(met > 50, `only ${met} cases could be met`);
});

test('counts loosen the tolerances of rare labels, and drop those that cannot reach the AB', () => {
  const counts = new Float64Array(3 * 4);
  const put = (s: number, values: number[]) => counts.set(values, s * 4);
  put(0, [500, 1, 100, 400]);
  put(1, [500, 1, 100, 400]);
  const build = (withCounts: boolean) =>
    createProblem(config, [0.5], namesOf(1, 3), withCounts ? { counts: { rows: 1000, counts } } : {}).tolerance;
  const blind = build(false);
  const seen = build(true);
  assert.equal(seen[1], 1);
  assert.ok(seen[2] >= blind[2]);
});
