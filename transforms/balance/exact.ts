/** The exact fit: the duals that are optimal for a table of patterns, with the proof of how close they are. */
import { InvariantError } from '../../schemas/errors.js';
import type { Instance } from './instance.js';
import { CONVERGED_GAP, maximiseDual } from './newton.js';
import type { Problem } from './problem.js';
import { type Violation, violations } from './violation.js';
import type { WeightDuals } from './weight.js';

export interface ExactFit extends WeightDuals {
  /** Whether the gap is at most 1e-9: a proof that the duals are optimal to nine digits. */
  readonly converged: boolean;
  readonly iterations: number;
  readonly primal: number;
  readonly dual: number;
  /** (primal - dual) / primal. */
  readonly gap: number;
  readonly meanWeight: number;
  readonly violations: readonly Violation[];
}

export interface ExactOptions {
  /** Duals to start from, for example of an earlier run: w [m * (c + 1)]. */
  readonly start?: { readonly w: Float64Array; readonly mu: number };
  /** Default 100. */
  readonly maximumIterations?: number;
}

const MAXIMUM_ITERATIONS = 100;
/** Rounding of a mean over patterns. */
const ROUNDING_GAP = 1e-15;

/**
 * Maximises the dual over the patterns. Equal tables give bit-identical duals; duals of labels that no row carries are 0. Never throws for
 * hard data: `converged` and `gap` say what was reached. Throws an InvariantError where the rate is not known yet (NaN).
 */
export function fitExact(instance: Instance, problem: Problem, options: ExactOptions = {}): ExactFit {
  const { rate } = problem;
  if (!(rate > 0)) throw new InvariantError(`a fit needs a rate, got ${rate}`);
  const start = options.start ?? { w: new Float64Array(problem.m * (problem.c + 1)), mu: 0 };
  const solution = maximiseDual(
    {
      instance,
      problem,
      goal: instance.utility.map((u) => rate * u),
      rate,
      maximumIterations: options.maximumIterations ?? MAXIMUM_ITERATIONS,
      tolerance: ROUNDING_GAP,
    },
    start,
  );
  const { w, mu, iterations, primal, dual, gap, meanWeight, sums } = solution;
  return {
    w,
    mu,
    rate,
    utilityMean: instance.utilityMean,
    converged: gap <= CONVERGED_GAP,
    iterations,
    primal,
    dual,
    gap,
    meanWeight,
    violations: violations(problem, sums),
  };
}
