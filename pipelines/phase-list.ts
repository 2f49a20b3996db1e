/** The phases of a run before it was started, for those who want to see them: what an earlier one finds out is left open. */

import { firstGrid } from '../transforms/balance/calibrate.js';
import { createProblem } from '../transforms/balance/problem.js';
import type { WeightDuals } from '../transforms/balance/weight.js';
import { globalRules } from '../transforms/filter/index.js';
import type { Job } from '../transforms/read/job.js';
import { wantedLists } from '../transforms/tag/listed.js';
import { taggerOf } from '../transforms/tag/stage.js';
import { firstRange, hasModels, labelsPhase, modelsPhase, repeatsPhase, scoresPhase } from './find-out.js';
import { calibrationPhase, streamPhase } from './fit.js';
import { onlinePhase } from './online.js';
import { countPhase, unitsOf, writePhase } from './passes.js';
import type { Phase } from './phase.js';
import { emptyVocabularies } from './prepare.js';
import { shuffledInto, shufflePhase } from './shuffle.js';

/** The phases that find out what filters and taggers must know of the whole input. */
export function phasesBefore(staging: string, job: Job): Phase[] {
  return [
    ...(hasModels(job) ? [modelsPhase(staging, job)] : []),
    ...(wantedLists(job.config.labels).length > 0 ? [labelsPhase(staging, job)] : []),
    ...globalRules(job.rules).map((rule) =>
      rule.kind === 'fraction'
        ? scoresPhase(staging, job, rule, 1, firstRange(job, rule))
        : repeatsPhase(staging, job, rule),
    ),
  ];
}

/**
 * Phases in order, those included that only some data need (the calibration of `auto`), once each. Their graphs are those of a
 * run; numbers that only a run knows, such as duals, are not.
 */
export function phasesOf(staging: string, job: Job): Phase[] {
  const { balance, attributes } = job.config;
  const { names } = taggerOf(job, emptyVocabularies(job.config));
  const rate = balance.rate === 'auto' ? balance.maximum : balance.rate;
  const targets = names.attributes.map((name) => attributes[name].target);
  const problem = createProblem(balance, targets, names, { rate });
  const duals: WeightDuals = { w: new Float64Array(problem.tolerance.length), mu: 0, rate, utilityMean: 1 };
  const before = phasesBefore(staging, job);
  const units = unitsOf(job, job.plan.rows, rate);
  const start = { value: { problem, start: undefined } };
  const shuffle =
    shuffledInto(job, units) === undefined
      ? []
      : [shufflePhase({ staging, hash: job.run }, job.plan.rows, { value: [] })];
  if (balance.fit === 'online') return [...before, onlinePhase(staging, job, units, start), ...shuffle];
  const task = { value: { problem, duals } };
  const grid = firstGrid(duals.mu, problem.maximum);
  return [
    ...before,
    countPhase(staging, job),
    ...(balance.fit === 'stream' ? [streamPhase(staging, job, start)] : []),
    // An exact fit needs it for utilities that were rounded, `auto` for patterns that were sampled.
    ...(balance.fit === 'exact' && balance.utility === undefined
      ? []
      : [calibrationPhase(staging, job, 1, { grid, task })]),
    writePhase(staging, job, units, { task, hash: job.run, shuffled: shuffledInto(job, units) }),
    ...shuffle,
  ];
}
