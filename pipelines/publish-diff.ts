/** What `diff` found, in the table `drift`. */
import { dirname } from 'node:path';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import type { Diff } from '../schemas/stats-diff.js';
import { readPublished } from '../transforms/write/finished.js';
import type { RunHooks } from './hooks.js';
import { finishedOn, readPublication } from './publication.js';
import { type Published, publishDrift } from './publish.js';

type Side = Diff['after'];

const directoryOf = ({ path }: Side) => (path.endsWith('.json') ? dirname(path) : path);

/** As the output's manifest has it; of a state on its own, its runs. */
async function runOf(side: Side): Promise<string> {
  return (await readPublished(directoryOf(side))).manifest?.run ?? side.runs.join('+');
}

/** Loads it under the later run and its date, in place of what was found of the same two. Throws ServiceError or InputError. */
export async function publishDiff(
  { before, after, figures }: Diff,
  bigquery: BigQueryConfig,
  hooks: RunHooks,
): Promise<Published> {
  const directory = directoryOf(after);
  const date = (await readPublication(directory))?.date ?? (await finishedOn(directory));
  const drift = { run: await runOf(after), before: await runOf(before), date, figures };
  return { directory, ...(await publishDrift(drift, bigquery, hooks)), alreadyDone: false };
}
