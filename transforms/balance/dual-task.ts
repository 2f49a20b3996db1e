/** What the parts of the Newton method hand to each other. */
import type { Instance } from './instance.js';
import type { Problem } from './problem.js';

/** What is maximised: E[min_q 1/2 (q - goal)^2 + q (v.a + mu)] - mu rate, the penalty bounding the duals. */
export interface DualTask {
  readonly instance: Instance;
  readonly problem: Problem;
  /** [cells] what each q is drawn to: eta u in the fit. */
  readonly goal: Float64Array;
  /** E[q], or undefined where it is free; mu then stays 0. */
  readonly rate: number | undefined;
  readonly maximumIterations: number;
  /** Stop at this relative gap. */
  readonly tolerance: number;
}

/** Moments of the weights at some duals. */
export interface Moments {
  /** [m * 3 * (c + 1)] E[q; s_k = s, label r], index as in marginTable. */
  readonly sums: Float64Array;
  readonly meanWeight: number;
  readonly primal: number;
  readonly dual: number;
}

/** The duals that move: their numbers, and the sign each has or takes. */
export interface WorkingSet {
  readonly index: readonly number[];
  readonly sign: readonly number[];
  /** Of the dual objective, along |w|. */
  readonly gradient: readonly number[];
}
