/** The largest rate at which every tolerance can be met: max E[q] subject to the constraints and 0 <= q <= Q, whatever u is. */
import { fitExact } from './exact.js';
import { type Instance, withoutUtility } from './instance.js';
import { totalViolation } from './moments.js';
import { maximiseDual } from './newton.js';
import type { Problem } from './problem.js';
import { margins, marginTable } from './weight.js';

export interface LargestRate {
  /** E[q] of weights that meet every constraint to 1e-9: a lower bound on the largest feasible rate. */
  readonly rate: number;
  /** No feasible weights have a larger E[q]: from duality, or, after a bisection, to its accuracy. */
  readonly bound: number;
  /** Whether rate and bound agree to 1e-6 of the bound. */
  readonly converged: boolean;
  readonly iterations: number;
}

const ROUNDS = 40;
const WANTED_GAP = 1e-6;
const MAXIMUM_ITERATIONS = 60;
const INNER_GAP = 1e-11;
/** Pull towards larger weights in the first round, in units of Q, and its growth: large pulls need fewer rounds, each harder. */
const FIRST_PULL = 1;
const PULL_GROWTH = 2;
const LARGEST_PULL = 256;
/** Rounding of sums of weights that meet their constraints. */
const NO_VIOLATION = 1e-9;
const BISECTIONS = 40;
/** Of the fits of the bisection: far above the duals that feasible problems need, which are of the order of Q over a tolerance's slack. */
const LARGE_PENALTY = 1000;

/**
 * Proximal points on the linear programme: each round draws q to (the last q + a pull upwards) under hard constraints, which is the
 * dual of the fit without a mean constraint and with an infinite penalty. Ends after finitely many rounds; the bound is E[Q max(0, 1 - v.a)],
 * a Lagrangian bound for any v >= 0. Independent of u and of `problem.rate`.
 */
export function largestRate(instance: Instance, problem: Problem): LargestRate {
  const flat = withoutUtility(instance);
  const hard = { ...problem, penalty: Number.POSITIVE_INFINITY };
  const { share, tags } = flat;
  const Q = problem.maximum;
  const q = new Float64Array(share.length);
  const margin = new Float64Array(share.length);
  let w: Float64Array = new Float64Array(problem.m * (problem.c + 1));
  let pull = FIRST_PULL * Q;
  let rate = 0;
  let bound = Q;
  let iterations = 0;
  for (let round = 0; round < ROUNDS && bound - rate > WANTED_GAP * bound; round++) {
    const goal = q.map((value) => value + pull);
    const solution = maximiseDual(
      {
        instance: flat,
        problem: hard,
        goal,
        rate: undefined,
        maximumIterations: MAXIMUM_ITERATIONS,
        tolerance: INNER_GAP,
      },
      { w, mu: 0 },
    );
    iterations += solution.iterations;
    margins(tags, problem.m, problem.c, marginTable(problem, solution.w), margin);
    let total = 0;
    for (let i = 0; i < q.length; i++) {
      q[i] = Math.min(Q, Math.max(0, goal[i] - margin[i]));
      total += share[i] * Q * Math.max(0, 1 - margin[i] / pull);
    }
    bound = Math.min(bound, total);
    if (totalViolation(problem, solution.sums) <= NO_VIOLATION) {
      rate = Math.max(rate, Math.min(solution.meanWeight, bound));
    }
    const next = Math.min(pull * PULL_GROWTH, LARGEST_PULL * Q);
    w = solution.w.map((dual) => (dual * next) / pull);
    pull = next;
  }
  if (bound - rate <= WANTED_GAP * bound) return { rate, bound, converged: true, iterations };
  return bisect(flat, problem, { rate, bound, converged: false, iterations });
}

/**
 * For where a round under hard constraints does not end: with few patterns and close tolerances its dual is nearly flat. Fits at a
 * given rate do end, and leave no violation exactly where the rate is feasible, once the penalty is large.
 */
function bisect(flat: Instance, problem: Problem, from: LargestRate): LargestRate {
  let { rate, bound, iterations } = from;
  for (let step = 0; step < BISECTIONS && bound - rate > WANTED_GAP * bound; step++) {
    const middle = (rate + bound) / 2;
    const fit = fitExact(flat, { ...problem, rate: middle, penalty: LARGE_PENALTY });
    iterations += fit.iterations;
    const violation = fit.violations.reduce((sum, v) => sum + v.violation, 0);
    if (fit.converged && violation <= NO_VIOLATION * LARGE_PENALTY) rate = middle;
    else bound = middle;
  }
  return { rate, bound, converged: bound - rate <= WANTED_GAP * bound, iterations };
}
