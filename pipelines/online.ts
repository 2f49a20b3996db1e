/** The online run: one pass that learns, weighs and writes. */
import { impulse, kvCoder } from '../beam/index.js';
import { DUALS_VERSION, type Duals } from '../schemas/duals.js';
import { ConfigError } from '../schemas/errors.js';
import { fitExact } from '../transforms/balance/exact.js';
import { createInstance } from '../transforms/balance/instance.js';
import { largestRate } from '../transforms/balance/largest-rate.js';
import { LEVEL_OVERFLOWN, LEVEL_WITHOUT_UTILITY } from '../transforms/balance/patterns.js';
import { createProblem, type Problem } from '../transforms/balance/problem.js';
import { gatherPatterns, removeParts } from '../transforms/balance/range-files.js';
import { decodeStream, mergeStreams, streamSteps } from '../transforms/balance/stream.js';
import { handOver } from '../transforms/read/handed.js';
import type { Job } from '../transforms/read/job.js';
import {
  combineOnline,
  decodeOnline,
  keyUnits,
  mergeOnline,
  type Online,
  onlineWrite,
} from '../transforms/write/online.js';
import { type UnitsConfig, unitCoder, units } from '../transforms/write/write.js';
import { type FitContext, type Fitted, isFeasible, requireUtility, startOf } from './fit.js';
import { otherRates } from './other-rates.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { shuffledInto } from './shuffle.js';

/** What the pass gave, and the problem that it was given. */
export interface OnlinePass extends Online {
  readonly problem: Problem;
}

/** Runs the pass. Throws ConfigError where the rate is `auto`: it is known only after the data was seen. */
export async function runOnline(context: FitContext, config: UnitsConfig): Promise<OnlinePass> {
  const { staging, job, names } = context;
  const { balance, attributes } = job.config;
  if (balance.rate === 'auto') throw new ConfigError(['balance.rate: online needs a number, got auto']);
  const targets = names.attributes.map((name) => attributes[name].target);
  const problem = createProblem(balance, targets, names);
  const task = await handOver(staging, 'online', { problem, start: startOf(job, names) });
  const bytes = await runPhase(context, onlinePhase(staging, job, config, task));
  await removeParts(staging);
  return { problem, ...decodeOnline(bytes) };
}

type OnlineTask = Parameters<typeof onlineWrite>[0]['task'];

/** The one pass. */
export function onlinePhase(staging: string, job: Job, config: UnitsConfig, task: OnlineTask): Phase {
  const {
    plan,
    config: { balance },
  } = job;
  return {
    name: 'online',
    title: 'learn, weigh, write',
    rows: plan.rows,
    build: (root) =>
      // No reshuffle: the stateful step shuffles by its key.
      impulse(root)
        .parDo('online: units', units(config), { coder: unitCoder })
        .parDo('online: by stream', keyUnits(balance.streams), { coder: kvCoder(unitCoder) })
        .parDo('online: M4', onlineWrite({ staging, task, shuffled: shuffledInto(job, config) }), {
          coder: partialCoder,
        }),
    combine: combineOnline(staging),
    reduce: mergeOnline(staging),
  };
}

/**
 * The fit that a pass ended with, of at least one row. Its weights come from duals that were still learning, so the certificate
 * compares what they reached with the optimum over the patterns that were counted on the way, where those are few enough.
 */
export async function onlineFit({ job, names }: FitContext, { problem, ranges, streams }: OnlinePass): Promise<Fitted> {
  const states = [...streams.values()].map((bytes) => decodeStream(problem, bytes));
  const { m, c } = problem;
  const { balance, attributes } = job.config;
  const gathered = await gatherPatterns(ranges, { m, c, limit: balance.patterns });
  const { table: patterns } = gathered;
  requireUtility(patterns, balance.utility);
  const instance = patterns.level === LEVEL_OVERFLOWN ? undefined : createInstance(patterns);
  const largest = instance === undefined ? null : largestRate(instance, problem).rate;
  const exact =
    instance !== undefined && patterns.level < LEVEL_WITHOUT_UTILITY ? fitExact(instance, problem) : undefined;
  const targets = names.attributes.map((name) => attributes[name].target);
  const problemAt = (rate: number) => createProblem(balance, targets, names, { rate });
  const steps = states.reduce((sum, state) => sum + streamSteps(state), 0);
  const duals: Duals = {
    version: DUALS_VERSION,
    attributes: [...names.attributes],
    labels: [...names.labels],
    ...mergeStreams(states),
    steps,
    fit: 'online',
    configHash: job.run,
  };
  return {
    problem,
    duals,
    steps,
    largestRate: largest,
    feasible: isFeasible(problem.rate, largest),
    dualBound: exact?.dual ?? 0,
    ...otherRates({ ...gathered, whole: instance }, job.config, problem.rate, problemAt),
  };
}
