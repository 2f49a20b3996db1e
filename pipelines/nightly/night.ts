/** One night as a job of its own: counted once, and written under the duals of a run. What is finished of it is not done again. */
import { createHash } from 'node:crypto';
import type { Runner } from '../../beam/index.js';
import type { Config } from '../../schemas/config.js';
import { ChangedError, ConfigError } from '../../schemas/errors.js';
import { type InputFile, LEDGER_VERSION, type SetFile, type WrittenNight } from '../../schemas/nightly.js';
import type { State } from '../../schemas/stats-state.js';
import { below, storageFor } from '../../storage/index.js';
import { encodePatterns } from '../../transforms/balance/pattern-bytes.js';
import { LEVEL_WITHOUT_UTILITY } from '../../transforms/balance/patterns.js';
import type { Problem } from '../../transforms/balance/problem.js';
import { gatherPatterns, removeParts } from '../../transforms/balance/range-files.js';
import type { WeightDuals } from '../../transforms/balance/weight.js';
import { handOver } from '../../transforms/read/handed.js';
import { dataPath, type Job, saveBytes } from '../../transforms/read/job.js';
import { loadLosses, type Unreadable, unreadableRows } from '../../transforms/read/losses.js';
import { decodeCounted, patternShapeOf } from '../../transforms/stats/count.js';
import { encodeHistogram } from '../../transforms/stats/histogram.js';
import { encodeMoments } from '../../transforms/stats/moments-codec.js';
import { decodeState, digest, encodeState, tallyOf, toBase64 } from '../../transforms/stats/state.js';
import { openStage } from '../../transforms/tag/stage.js';
import type { FilePart } from '../../transforms/write/commit-parts.js';
import { decodeWritten, type Written } from '../../transforms/write/written.js';
import { beginAttempt } from '../attempt.js';
import { findOut } from '../find-out.js';
import { balanceState, conserve } from '../finish.js';
import { requireUnowned } from '../owner.js';
import { countPhase, partsHash, unitsOf, writePhase } from '../passes.js';
import { runPhase } from '../phase.js';
import { prepareJob } from '../prepare.js';
import { requireReadable, sawLost } from '../readable.js';
import { shardParts } from '../shard-parts.js';
import { shuffled, shuffledInto } from '../shuffle.js';
import { openAttempt } from '../staging.js';

import type { NightlyHooks } from './hooks.js';

/** What all nights of a run share. */
export interface NightContext {
  /** output.directory. */
  readonly root: string;
  readonly config: Config;
  /** Hash of all that tags and filters rows. */
  readonly tagger: string;
  readonly runner: Runner;
  readonly hooks: NightlyHooks;
}

/** What was counted of a night. */
export interface CountedNight {
  readonly night: string;
  readonly inputs: readonly InputFile[];
  /** Relative to the root. */
  readonly folder: string;
  readonly state: State;
  readonly patterns: Uint8Array;
  readonly digest: string;
}

/** Folder of what runs have found so far and not published. */
export const workFolder = (root: string) => below(root, 'work');
const COUNTS = 'nights';
const DIGITS = 16;

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, DIGITS);

/** Of the files of a night, and of what tags their rows: a name that no other counts have. */
function keyOf({ tagger, config }: NightContext, night: string, inputs: readonly InputFile[]): string {
  return hashOf([tagger, config.balance.patterns, night, inputs]);
}

/** The job of a night's files. Throws ChangedError where one was replaced since it was listed. */
async function jobOf({ config, hooks, root }: NightContext, night: string, inputs: readonly InputFile[]): Promise<Job> {
  const { bigquery, ...input } = config.input;
  const prepare = (files: string | string[]) =>
    prepareJob({ ...config, input: { ...input, files }, report: { ...config.report, examples: 0 } }, { hooks });
  if (bigquery !== undefined) {
    // Loaded where it is needed: nights of files do without.
    const { copyNight } = await import('./tables.js');
    return prepare(await copyNight(bigquery, root, night, inputs, hooks));
  }
  const job = await prepare(inputs.map(({ path }) => path));
  const stamps = new Map(inputs.map(({ path, stamp }) => [path, stamp]));
  for (const { path, version, modified } of job.plan.files) {
    const stamp = version ?? (modified === undefined ? '' : new Date(modified).toISOString());
    if (stamps.get(path) === stamp) continue;
    throw new ChangedError('input', {
      file: path,
      expected: `the file of ${stamps.get(path)}`,
      got: `one of ${stamp}`,
    });
  }
  return job;
}

interface Attempt {
  readonly job: Job;
  readonly partial: string;
  readonly staging: string;
}

async function openNight(context: NightContext, night: string, inputs: readonly InputFile[]): Promise<Attempt> {
  const job = await jobOf(context, night, inputs);
  const partial = below(workFolder(context.root), `${night}-${keyOf(context, night, inputs)}`);
  await requireUnowned(partial);
  return { job, partial, staging: await openAttempt(partial, job, context.hooks) };
}

/** What was counted of a night before, of the same files; undefined where nothing was. */
export async function findCounted(root: string, folder: string, night: string, inputs: readonly InputFile[]) {
  const path = below(root, folder, 'state.json');
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return undefined;
  const state = decodeState(new TextDecoder().decode(await storage.readAll(path)), path);
  const patterns = await storage.readAll(below(root, folder, 'patterns.bin'));
  return { night, inputs, folder, state, patterns, digest: digestOf(state, patterns) } satisfies CountedNight;
}

/** Whatever the files are called: a night that is delivered twice has it twice. */
function digestOf({ sets }: State, patterns: Uint8Array): string {
  const [{ exits, dropped, unreadable }] = sets;
  return digest([createHash('sha256').update(patterns).digest('hex'), exits, dropped, unreadable]);
}

/**
 * Counts a night, or finds what was counted of the same files before. Throws InputError as a balancing run does, ConfigError where the night has more
 * patterns than are solved for.
 * @param losses rows that writing could not read, though counting could
 */
export async function countNight(
  context: NightContext,
  night: string,
  inputs: readonly InputFile[],
  losses?: readonly Unreadable[],
): Promise<CountedNight> {
  const { root, runner, hooks } = context;
  const folder = `${COUNTS}/${night}-${keyOf(context, night, inputs)}`;
  const before = losses === undefined ? await findCounted(root, folder, night, inputs) : undefined;
  if (before !== undefined) return before;
  const { job, partial, staging: first } = await openNight(context, night, inputs);
  let staging = losses === undefined ? first : await beginAttempt(partial, job, losses);
  for (;;) {
    const run = { job, partial, staging, runner, hooks };
    await findOut(run);
    const stage = await openStage(staging);
    const { counts, ranges } = decodeCounted(await runPhase(run, countPhase(staging, job)));
    await removeParts(staging);
    await requireReadable(run, counts);
    if (sawLost(job, await loadLosses(staging), counts)) {
      staging = await beginAttempt(partial, job, counts.unreadable);
      continue;
    }
    const { table } = await gatherPatterns(ranges, patternShapeOf(stage));
    if (table.level >= LEVEL_WITHOUT_UTILITY) {
      const limit = job.config.balance.patterns;
      throw new ConfigError([
        `balance.patterns: expected room for the distinct patterns of a night, got ${limit}, and ${night} has more. Raise it.`,
      ]);
    }
    const state = balanceState({ job, stage, counts }, []);
    const patterns = encodePatterns(table);
    await saveBytes(below(root, folder, 'patterns.bin'), patterns);
    // Last: a night is counted once its state is there.
    await saveBytes(below(root, folder, 'state.json'), Buffer.from(encodeState(state)));
    return { night, inputs, folder, state, patterns, digest: digestOf(state, patterns) };
  }
}

/** A night's files and what is told of them, before they are published. */
export interface FreshNight {
  readonly counted: CountedNight;
  readonly parts: readonly FilePart[];
  readonly told: ToldNight;
}

/** What is told of a written night to later runs, wherever its files are. */
export type ToldNight = Omit<WrittenNight, 'files'>;

/** Rows that could be counted and not written: the night must be counted again without them. */
export interface LostRows {
  readonly lost: readonly Unreadable[];
}

/** Weighs and writes a night. Throws InvariantError where its rows do not add up. */
export async function writeNight(
  context: NightContext,
  counted: CountedNight,
  { problem, duals }: { readonly problem: Problem; readonly duals: WeightDuals },
): Promise<FreshNight | LostRows> {
  const { runner, hooks } = context;
  const { job, partial, staging } = await openNight(context, counted.night, counted.inputs);
  const stage = await openStage(staging);
  const tally = tallyOf(counted.state.sets[0]);
  const hash = partsHash(
    Buffer.from(JSON.stringify([Array.from(duals.w), duals.mu, duals.rate])),
    await loadLosses(staging),
  );
  const name = `written-${hash}`;
  const task = await handOver(staging, name, { problem, duals });
  const units = unitsOf(job, tally.drops[0], problem.rate);
  const phase = { ...writePhase(staging, job, units, { task, hash, shuffled: shuffledInto(job, units) }), name };
  const run = { job, partial, staging, runner, hooks };
  const inOrder = decodeWritten(await runPhase(run, phase));
  const problems = job.plan.problems.reduce((sum, { rows }) => sum + rows, 0);
  const unreadable = counted.state.sets[0].unreadable - problems;
  if (unreadableRows(inOrder.unreadable) !== unreadable) return { lost: inOrder.unreadable };
  const written = await shuffled(run, inOrder, hash);
  const dropped = conserve({ job, stage, counts: { ...tally, unreadable: written.unreadable }, written });
  const data = dataPath(staging);
  const parts = shardParts(job.config.output, written).map((part) => {
    return { ...part, path: `${counted.night}/${part.path}`, from: below(data, part.from) };
  });
  return { counted, parts, told: toldOf(counted.night, { job, written }, dropped) };
}

function toldOf(
  night: string,
  { job, written }: { readonly job: Job; readonly written: Written },
  dropped: Readonly<Record<string, number>>,
): ToldNight {
  const [balanced, resampled, random] = [written.balanced, written.resampled, written.random].map((moments) =>
    toBase64(encodeMoments(moments)),
  );
  return {
    version: LEDGER_VERSION,
    kind: 'm4-balance written night',
    night,
    drops: Object.entries(dropped).map(([reason, rows]) => ({ reason, rows })),
    balanced,
    resampled,
    random,
    weights: toBase64(encodeHistogram(written.weights)),
    ...(job.encoder && { encoder: job.encoder }),
  };
}

/** The files of a written night. `place`: their folder, relative to the root. */
export function filesAt({ parts }: FreshNight, place: string): WrittenNight['files'] {
  return parts.map(({ path, kind, format, rows, bytes, sha256 }) => {
    return { path: `${place}/${path}`, kind: kind as SetFile['kind'], format, rows, bytes, sha256 };
  });
}
