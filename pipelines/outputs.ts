/** What is done with finished outputs: adding them up, and comparing two. */
import { createHash } from 'node:crypto';
import { ConfigError, InputError } from '../schemas/errors.js';
import type { Diff } from '../schemas/stats-diff.js';
import type { StatsReport } from '../schemas/stats-report.js';
import { absolutePath, below, outputPath, storageFor } from '../storage/index.js';
import { type DiffOptions, diffStates } from '../transforms/stats/diff.js';
import { mergeStates, type NamedState } from '../transforms/stats/merge-states.js';
import { decodeState } from '../transforms/stats/state.js';
import { commitRun } from '../transforms/write/commit.js';
import { readPublished } from '../transforms/write/finished.js';
import { beginCommit } from './attempt.js';
import { openPlace } from './output-place.js';
import { requireOwned } from './owner.js';
import { partialOf } from './prepare.js';
import { manifestOf, type StatsResult } from './stats.js';
import { STATE_FILE, statsParts } from './stats-output.js';

/** Where the manifest says; where there is none, where a disk's output has it. */
async function stateFile(directory: string): Promise<string> {
  const { manifest } = await readPublished(directory);
  const file = manifest?.files.find(({ kind }) => kind === 'state');
  return file === undefined ? below(directory, STATE_FILE) : outputPath(directory, file.path);
}

/** The state of an output directory, or of a state file. Throws InputError where there is none. */
export async function readState(path: string): Promise<NamedState> {
  const storage = storageFor(path);
  const file = path.endsWith('.json') ? path : await stateFile(path);
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
  if (paths.some((path) => absolutePath(process.cwd(), path) === absolutePath(process.cwd(), directory))) {
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
  const place = await openPlace<StatsReport>(partial, { directory, overwrite }, run);
  if ('finished' in place) return place.finished;
  const { published } = place;
  await place.takeBack();
  const staging = await beginCommit(partial, run);
  const { report, parts } = statsParts(state);
  await requireOwned(partial);
  const { files } = await commitRun({
    staging,
    directory,
    overwrite,
    published,
    parts,
    manifest: manifestOf(run, report, state.config),
  });
  await storageFor(partial).remove(partial);
  return { report, directory, files: files.map((file) => file.path), alreadyDone: false };
}

/** Compares two outputs. Throws InputError where one has no state. */
export async function diffOutputs(before: string, after: string, options: DiffOptions): Promise<Diff> {
  return diffStates(await readState(before), await readState(after), options);
}
