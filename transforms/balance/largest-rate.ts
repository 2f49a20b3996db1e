/** The largest rate at which every tolerance can be met: max E[q] subject to the constraints and 0 <= q <= Q, whatever u is. */
import { type Instance, withoutUtility } from './instance.js';
import { maximiseDual } from './newton.js';
import type { Problem } from './problem.js';
import { margins, marginTable } from './weight.js';

export interface LargestRate {
  /** E[q] of weights that meet every constraint to 1e-9: a lower bound on the largest feasible rate. */
  readonly rate: number;
  /** From duality: no feasible weights have a larger E[q]. */
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
    rate = Math.max(rate, Math.min(solution.meanWeight, bound));
    const next = Math.min(pull * PULL_GROWTH, LARGEST_PULL * Q);
    w = solution.w.map((dual) => (dual * next) / pull);
    pull = next;
  }
  return { rate, bound, converged: bound - rate <= WANTED_GAP * bound, iterations };
}
