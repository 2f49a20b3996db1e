/** What a pass does about rows that could not be read. */
import { InputError } from '../schemas/errors.js';
import { globalRules } from '../transforms/filter/index.js';
import type { Job } from '../transforms/read/job.js';
import { type Unreadable, unreadableRows } from '../transforms/read/losses.js';
import { wantedLists } from '../transforms/tag/listed.js';
import { beginAttempt } from './attempt.js';
import type { RunContext } from './hooks.js';

/** What a pass could not read. */
export interface Losses {
  readonly unreadable: readonly Unreadable[];
}

/** Whether a phase before the count looked at rows that later turned out to be lost. */
export function sawLost({ rules, config }: Job, known: readonly Unreadable[], { unreadable }: Losses): boolean {
  const looked = globalRules(rules).length > 0 || wantedLists(config.labels).length > 0;
  return looked && unreadableRows(unreadable) !== unreadableRows(known);
}

/** Reasons in a message, at most. */
const REASONS_TOLD = 3;

/**
 * Throws InputError where more of the input is unreadable than `input.maximumBad` allows. What was counted is then thrown away:
 * the same command is to look at the files again, which may be readable by then.
 */
export async function requireReadable(
  { partial, job }: Pick<RunContext, 'partial' | 'job'>,
  losses: Losses,
): Promise<void> {
  const { plan, config } = job;
  const unreadable = unreadableRows(losses.unreadable);
  const lost = unreadable + plan.problems.reduce((sum, p) => sum + p.rows, 0);
  const files = plan.files.length + plan.problems.length;
  const shares = { rows: lost / Math.max(1, plan.rows + lost - unreadable), files: plan.problems.length / files };
  for (const [what, share] of Object.entries(shares)) {
    if (share <= config.input.maximumBad) continue;
    await beginAttempt(partial, job);
    throw new InputError('input', {
      place: 'input.maximumBad',
      expected: `at most ${config.input.maximumBad * 100} % of the ${what} to be unreadable`,
      got: `${(share * 100).toPrecision(3)} %: ${[
        ...new Set([...plan.problems, ...losses.unreadable].map((p) => p.reason)),
      ]
        .slice(0, REASONS_TOLD)
        .join('; ')}`,
      hint: 'Mend or leave out the files, or raise input.maximumBad.',
    });
  }
}
