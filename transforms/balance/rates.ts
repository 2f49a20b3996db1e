/** What other rates would give: the exact fit of the same patterns at each, and the bias under its weights. */
import { ABSENT, NEARER, PRESENT } from '../../schemas/tags.js';
import { fitExact } from './exact.js';
import type { Instance } from './instance.js';
import { groupSums } from './moments.js';
import type { Problem } from './problem.js';
import { margins, marginTable, type WeightDuals } from './weight.js';

export interface RateBias {
  /** E[q] that was asked for. */
  readonly rate: number;
  /** The largest |target - share| of the attributes that are known; null where none is. */
  readonly rb: number | null;
  /** The largest AB among the pairs with enough support; null where none has it. */
  readonly ab: number | null;
  /** Sum over the constraints of how far each is beyond its tolerance. */
  readonly violation: number;
  /** Kish's effective number of rows. */
  readonly ess: number;
}

/** [groups] sums over each group's cells, of the share of the rows times q, and of it times q squared in total. */
function groupWeights(instance: Instance, problem: Problem, duals: WeightDuals) {
  const { tags, starts, share, utility, m, c } = instance;
  const margin = margins(tags, m, c, marginTable(problem, duals.w), new Float64Array(tags.rows));
  const weight = new Float64Array(tags.rows);
  let total = 0;
  let squares = 0;
  for (let g = 0; g < tags.rows; g++) {
    for (let i = starts[g]; i < starts[g + 1]; i++) {
      const q = Math.min(problem.maximum, Math.max(0, duals.rate * utility[i] - margin[g] - duals.mu));
      weight[g] += share[i] * q;
      squares += share[i] * q * q;
    }
    total += weight[g];
  }
  return { weight, ess: squares > 0 ? (instance.rows * total * total) / squares : 0 };
}

/** A share of all weight up to this is the solver's rounding: weights are differences of duals, and 0 where those cancel. */
const NO_WEIGHT = 1e-9;

/** RB and AB from sums of weights, as groupSums gives them; a pair counts where `counted` says so. */
function largest(sums: Float64Array, { m, c, target, rate }: Problem, counted: (k: number, label: number) => boolean) {
  const width = c + 1;
  const least = NO_WEIGHT * rate;
  let rb: number | null = null;
  let ab: number | null = null;
  for (let k = 0; k < m; k++) {
    const absent = (k * 3 + ABSENT) * width;
    const present = (k * 3 + PRESENT) * width;
    const known = sums[absent] + sums[present];
    if (known > least) rb = Math.max(rb ?? 0, Math.abs(target[k] - sums[present] / known));
    if (!(sums[absent] > least && sums[present] > least)) continue;
    for (let r = 1; r <= c; r++) {
      if (!counted(k, r)) continue;
      ab = Math.max(ab ?? 0, Math.abs(sums[present + r] / sums[present] - sums[absent + r] / sums[absent]));
    }
  }
  return { rb, ab };
}

/**
 * Solves each problem, which differ in their rate (and in tolerances that follow from it), on the same patterns, each from the
 * duals of the one before. Support is counted in rows, without weights, as for the raw data, a soft row for the nearer side.
 */
export function biasAtRates(instance: Instance, problems: readonly Problem[], minimumSupport: number): RateBias[] {
  const attributes = instance.tags.attributes.map((s) => NEARER[s]);
  const rows = groupSums({ ...instance, tags: { ...instance.tags, attributes } }, groupShares(instance));
  const width = instance.c + 1;
  const counted = (k: number, r: number) => {
    const absent = (k * 3 + ABSENT) * width;
    const present = (k * 3 + PRESENT) * width;
    const least = Math.min(rows[absent], rows[present], rows[absent + r] + rows[present + r]);
    return Math.round(instance.rows * least) >= minimumSupport;
  };
  let start: { readonly w: Float64Array; readonly mu: number } | undefined;
  return problems.map((problem) => {
    const fit = fitExact(instance, problem, start === undefined ? {} : { start });
    start = fit;
    const { weight, ess } = groupWeights(instance, problem, fit);
    const violation = fit.violations.reduce((sum, v) => sum + v.violation, 0);
    return { rate: problem.rate, ...largest(groupSums(instance, weight), problem, counted), violation, ess };
  });
}

function groupShares({ tags, starts, share }: Instance): Float64Array {
  return Float64Array.from({ length: tags.rows }, (_, g) => {
    let sum = 0;
    for (let i = starts[g]; i < starts[g + 1]; i++) sum += share[i];
    return sum;
  });
}
