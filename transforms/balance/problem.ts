/** The optimisation problem of M4: the spec's symbols, one field each, and how tolerances follow from a configuration. */
import type { BalanceConfig } from '../../schemas/config.js';
import { ConfigError, InvariantError } from '../../schemas/errors.js';
import type { TagNames } from '../../schemas/tags.js';

/** m attributes, c labels. Per-pair arrays are [m * (c + 1)]: index k * (c + 1) is attribute k itself, k * (c + 1) + r is label r - 1. */
export interface Problem {
  readonly m: number;
  readonly c: number;
  /** [m] pi: wanted share of each attribute where it is known. */
  readonly target: Float64Array;
  /** [m * (c + 1)] eps. */
  readonly tolerance: Float64Array;
  /** Whether a label's tolerance is relative to the weight of the examples that carry it. */
  readonly conditional: boolean;
  /** V. */
  readonly penalty: number;
  /** Q, the largest weight. */
  readonly maximum: number;
  /** eta = E[q]; NaN while it is still `auto`. */
  readonly rate: number;
}

/** How many rows have each attribute value, and with it each label: [m * 3 * (c + 1)], index (k * 3 + s) * (c + 1) + r; r = 0 counts all rows. */
export interface TagCounts {
  readonly rows: number;
  readonly counts: Float64Array;
}

export interface ProblemOptions {
  /** Replaces the configured rate, for example by the largest feasible one. */
  readonly rate?: number;
  /** Counts over the data that is fitted: they loosen tolerances derived from a wanted AB. */
  readonly counts?: TagCounts;
}

/**
 * Builds the problem from the configuration, the targets ([m], in the order of `names.attributes`) and the names.
 * Throws a ConfigError for a rate above the largest weight or a target that is not a share.
 */
export function createProblem(
  config: Pick<BalanceConfig, 'rate' | 'tolerance' | 'penalty' | 'maximum'>,
  targets: ArrayLike<number>,
  names: TagNames,
  options: ProblemOptions = {},
): Problem {
  const m = names.attributes.length;
  const c = names.labels.length;
  const issues: string[] = [];
  if (targets.length !== m) throw new InvariantError(`${targets.length} targets for ${m} attributes`);
  const target = Float64Array.from(targets);
  names.attributes.forEach((name, k) => {
    if (!(target[k] >= 0 && target[k] <= 1))
      issues.push(`attributes.${name}.target: expected a share, got ${target[k]}`);
  });
  const rate = options.rate ?? (config.rate === 'auto' ? Number.NaN : config.rate);
  if (rate <= 0 || rate > config.maximum)
    issues.push(`balance.rate: expected more than 0 and at most balance.maximum (${config.maximum}), got ${rate}`);
  if (issues.length > 0) throw new ConfigError(issues);
  const wanted = config.tolerance;
  const base = { m, c, target, penalty: config.penalty, maximum: config.maximum, rate };
  if ('rb' in wanted) {
    const tolerance = tolerancesFor(wanted, { ...base, counts: options.counts });
    return { ...base, tolerance, conditional: false };
  }
  const tolerance = new Float64Array(m * (c + 1)).fill(wanted.association);
  for (let k = 0; k < m; k++) tolerance[k * (c + 1)] = wanted.representation;
  return { ...base, tolerance, conditional: wanted.conditional };
}

interface WantedContext {
  readonly m: number;
  readonly c: number;
  readonly target: Float64Array;
  readonly maximum: number;
  readonly rate: number;
  readonly counts?: TagCounts;
}

/**
 * Tolerances [m * (c + 1)] under which RB <= rb and AB <= ab hold for every weighting that meets the constraints.
 *
 * Take means weighted by q over the examples where s_k is known: p = E[s_k], Y = E[y_r], z = s_k - pi_k. The constraints read
 * |p - pi| <= eps_0 and |E[z y]| <= eps_r. RB is |p - pi|, so eps_0 <= rb is enough. For AB = |cov| / (p (1 - p)):
 *
 *     cov = E[(s - p) y] = E[z y] - (p - pi) Y,  so  |cov| <= eps_r + eps_0 Y,
 *     p (1 - p) >= B = the smaller of its values at p = pi - rb and pi + rb (it is concave in p).
 *
 * AB <= ab follows from eps_r = ab B - eps_0 Y. Half of that budget is the most eps_0 may spend: eps_0 = min(rb, ab B / (2 max_r Y)).
 * Y is not known before the fit; with q in [0, Q] it is at most Q share(known, y_r) / E[q known], where
 * E[q known] >= rate - Q share(unknown). Without counts or a rate, Y <= 1. Where Y is so small that AB <= ab whatever the weights
 * (|cov| <= Y max(p, 1 - p), so AB <= Y / min(p, 1 - p)), the pair has no constraint: eps_r = 1.
 */
function tolerancesFor(wanted: { readonly rb: number; readonly ab: number }, context: WantedContext): Float64Array {
  const { m, c, target } = context;
  const tolerance = new Float64Array(m * (c + 1));
  const share = new Float64Array(c + 1);
  for (let k = 0; k < m; k++) {
    const least = Math.max(0, target[k] - wanted.rb);
    const most = Math.min(1, target[k] + wanted.rb);
    const variance = Math.min(least * (1 - least), most * (1 - most));
    const minority = Math.min(least, 1 - most);
    let constrained = 0;
    for (let r = 1; r <= c; r++) {
      share[r] = largestShare(context, k, r);
      if (share[r] > wanted.ab * minority) constrained = Math.max(constrained, share[r]);
    }
    const budget = wanted.ab * variance;
    const representation = constrained > 0 ? Math.min(wanted.rb, budget / (2 * constrained)) : wanted.rb;
    const base = k * (c + 1);
    tolerance[base] = representation;
    for (let r = 1; r <= c; r++)
      tolerance[base + r] = share[r] > wanted.ab * minority ? budget - representation * share[r] : 1;
  }
  return tolerance;
}

/** An upper bound on the weighted share of label r among the examples where attribute k is known. */
function largestShare({ c, maximum, rate, counts }: WantedContext, k: number, r: number): number {
  if (counts === undefined || !(rate > 0) || counts.rows === 0) return 1;
  const at = (s: number, label: number) => counts.counts[(k * 3 + s) * (c + 1) + label] / counts.rows;
  const known = rate - maximum * at(2, 0);
  if (known <= 0) return 1;
  return Math.min(1, (maximum * (at(0, r) + at(1, r))) / known);
}
