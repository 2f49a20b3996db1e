/** What is done with finished outputs: adding them up, and comparing two. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { ConfigError, InputError } from '../schemas/errors.js';
import type { Diff } from '../schemas/stats-diff.js';
import { storageFor } from '../storage/index.js';
import { dataPath } from '../transforms/read/job.js';
import { type DiffOptions, diffStates } from '../transforms/stats/diff.js';
import { mergeStates, type NamedState } from '../transforms/stats/merge-states.js';
import { decodeState } from '../transforms/stats/state.js';
import { checkReplaceable, commitRun, readManifest } from '../transforms/write/commit.js';
import { beginCommit } from './attempt.js';
import { requireUnowned } from './owner.js';
import { partialOf } from './prepare.js';
import { restoreReplaced } from './staging.js';
import { manifestOf, type StatsResult } from './stats.js';
import { readStatsReport, STATE_FILE, statsParts } from './stats-output.js';

/** The state of an output directory, or of a state file. Throws InputError where there is none. */
export async function readState(path: string): Promise<NamedState> {
  const storage = storageFor(path);
  const file = path.endsWith('.json') ? path : join(path, STATE_FILE);
  if (!(await storage.exists(file))) {
    throw new InputError('state', {
      file,
      expected: 'the output of stats, merge or balance',
      got: 'no such file',
      hint: 'Outputs of versions before 0.2 have no state; run them again.',
    });
  }
  return { path, state: decodeState(new TextDecoder().decode(await storage.readAll(file)), file) };
}

export interface MergeOptions {
  readonly output: string;
  /** Replace a finished output there. */
  readonly overwrite: boolean;
}

/**
 * Adds the outputs up and publishes the sum, all at once. Throws ConfigError where there are none, InputError, with what differs, where
 * they cannot be added.
 */
export async function mergeOutputs(
  paths: readonly string[],
  { output: directory, overwrite }: MergeOptions,
): Promise<StatsResult> {
  if (paths.length === 0) throw new ConfigError(['expected outputs to add, got none'], 'command line');
  if (paths.some((path) => resolve(path) === resolve(directory))) {
    throw new ConfigError(
      [`--output: expected another directory than those that are added, got ${directory}`],
      'command line',
    );
  }
  const partial = partialOf(directory);
  const states: NamedState[] = [];
  for (const path of paths) states.push(await readState(path));
  const state = mergeStates(states);
  const run = createHash('sha256')
    .update(JSON.stringify(['merge', state.runs]))
    .digest('hex')
    .slice(0, 16);
  await requireUnowned(partial);
  await restoreReplaced(partial, directory);
  if ((await readManifest(directory))?.run === run) {
    return { ...(await readStatsReport(directory)), directory, alreadyDone: true };
  }
  await checkReplaceable({ directory, overwrite });
  const staging = await beginCommit(partial, run);
  const { report, parts } = statsParts(state);
  await commitRun({
    staging: dataPath(staging),
    directory,
    overwrite,
    parts,
    manifest: manifestOf(run, report, state.config),
  });
  await storageFor(partial).remove(partial);
  return { report, directory, files: parts.map((part) => part.path), alreadyDone: false };
}

/** Compares two outputs. Throws InputError where one has no state. */
export async function diffOutputs(before: string, after: string, options: DiffOptions): Promise<Diff> {
  return diffStates(await readState(before), await readState(after), options);
}
