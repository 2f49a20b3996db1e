/** The dry run of `stats`: what it would read and count, from footers alone. */
import type { Config } from '../schemas/config.js';
import { planStats as bindStats } from '../transforms/stats/stats-plan.js';
import { taggerOf } from '../transforms/tag/stage.js';
import { phasesBefore } from './phase-list.js';
import { type InputSummary, inputSummary } from './plan.js';
import { emptyVocabularies, partialOf } from './prepare.js';
import { predictPhase, prepareStats, type StatsJob, stagingOfJob, tallyPhase } from './stats.js';
import type { PlannedPhase, SubmissionSummary } from './submission.js';

export interface StatsPlanSummary {
  /** The data sets, and the predictions. */
  readonly parts: readonly (InputSummary & {
    readonly kind: 'set' | 'model';
    readonly name: string;
    /** What is counted beside the moments. */
    readonly counted: readonly string[];
  })[];
  readonly submission?: SubmissionSummary;
}

function countedOf({ kind, job }: StatsJob): string[] {
  if (kind === 'model') return [];
  const plan = bindStats(job, taggerOf(job, emptyVocabularies(job.config)).names);
  return [
    ...(plan.weights === undefined ? [] : [`weights of ${plan.weights}, and the random control`]),
    ...(plan.measured.length === 0 ? [] : [`quantiles of ${plan.measured.map((m) => m.name).join(', ')}`]),
    ...(plan.words > 0 ? [`up to ${plan.words} words`] : []),
    ...plan.slices.map((slice) => `slices by ${slice.name}`),
  ];
}

/** The phases of every part, in order. */
export function statsPhases(config: Config, jobs: readonly StatsJob[]): PlannedPhase[] {
  return jobs.flatMap((part) => {
    const staging = stagingOfJob(partialOf(config.output.directory), part);
    const phases =
      part.kind === 'set'
        ? [...phasesBefore(staging, part.job), tallyPhase(staging, part)]
        : [predictPhase(staging, part)];
    return phases.map((phase) => ({ run: part.job.run, staging, phase }));
  });
}

/** Reads only footers. Throws ConfigError and InputError as the run would. */
export async function planStats(config: Config): Promise<StatsPlanSummary> {
  const jobs = await prepareStats(config, { look: true });
  const pass = { name: 'count', why: 'all figures, from counts and sums that are added up' };
  return {
    parts: jobs.map((part) => ({
      kind: part.kind,
      name: part.name,
      ...inputSummary(part.job, [pass]),
      counted: countedOf(part),
    })),
    ...(config.runner.name === 'direct'
      ? {}
      : { submission: (await import('./submission.js')).describeSubmission(config, statsPhases(config, jobs)) }),
  };
}
