/** The fit of a total of nights: exact, from the duals of the last run. */
import type { Config } from '../../schemas/config.js';
import { DUALS_VERSION, type Duals, warmStart } from '../../schemas/duals.js';
import { ConfigError, InputError } from '../../schemas/errors.js';
import type { Certificate } from '../../schemas/report.js';
import type { TagNames } from '../../schemas/tags.js';
import { type ExactFit, fitExact } from '../../transforms/balance/exact.js';
import { createInstance } from '../../transforms/balance/instance.js';
import { largestRate } from '../../transforms/balance/largest-rate.js';
import { LEVEL_WITHOUT_UTILITY, type PatternTable, patternCounts } from '../../transforms/balance/patterns.js';
import { createProblem, type Problem } from '../../transforms/balance/problem.js';
import { automaticRate, isFeasible, requireUtility } from '../fit.js';
import { type OtherRates, otherRates } from '../other-rates.js';

export interface TotalFit extends OtherRates {
  readonly problem: Problem;
  readonly duals: Duals;
  readonly exact: ExactFit;
  readonly largestRate: number;
  readonly feasible: boolean;
}

/**
 * Fits the duals to a total. `last`: the duals to start from. Throws InputError where nothing passed the filters or every utility is 0, ConfigError where there
 * are more patterns than are solved for, or no rate is feasible.
 */
export function fitTotal(
  { attributes, balance, report }: Config,
  names: TagNames,
  total: PatternTable,
  last: Duals | undefined,
): TotalFit {
  if (!(total.rows > 0)) {
    throw new InputError('nothing to balance', { expected: 'rows that pass every filter', got: 'none in any night' });
  }
  requireUtility(total, balance.utility);
  if (total.level >= LEVEL_WITHOUT_UTILITY) {
    throw new ConfigError([
      `balance.patterns: expected room for the distinct patterns of all nights, got ${balance.patterns}, and there are more. Raise it.`,
    ]);
  }
  const targets = names.attributes.map((name) => attributes[name].target);
  const instance = createInstance(total);
  const counts = patternCounts(total);
  const largest = largestRate(instance, createProblem(balance, targets, names, { counts })).rate;
  const rate = balance.rate === 'auto' ? automaticRate(largest, balance.patterns) : balance.rate;
  const problemAt = (rate: number) => createProblem(balance, targets, names, { counts, rate });
  const problem = problemAt(rate);
  const exact = fitExact(instance, problem, last === undefined ? {} : { start: warmStart(last, names) });
  const { w, mu, utilityMean, gap } = exact;
  const duals: Duals = {
    version: DUALS_VERSION,
    attributes: [...names.attributes],
    labels: [...names.labels],
    ...{ w, mu, rate, utilityMean, gap },
    steps: Math.round(total.rows),
    fit: 'exact',
  };
  const feasible = isFeasible(rate, largest) ?? false;
  const rates = otherRates({ table: total, whole: instance }, { balance, report }, rate, problemAt);
  return { problem, duals, exact, largestRate: largest, feasible, ...rates };
}

/** The certificate of the total's patterns under its duals. */
export function certificateOf({ exact, largestRate, feasible }: TotalFit, names: TagNames): Certificate {
  const { iterations, primal, dual, gap, meanWeight, violations } = exact;
  return {
    fit: 'exact',
    steps: iterations,
    primal,
    dual,
    gap,
    rate: meanWeight,
    feasible,
    largestFeasibleRate: largestRate,
    violation: violations.reduce((sum, { violation }) => sum + violation, 0),
    violated: violations.map(({ attribute, label, violation }) => ({
      attribute: names.attributes[attribute],
      label: label === null ? null : names.labels[label],
      violation,
    })),
  };
}
