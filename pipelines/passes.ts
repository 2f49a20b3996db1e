/** The passes over the data: find out, count, fit, write; again without the rows that only a later pass found unreadable. */
import { createHash } from 'node:crypto';
import { InputError } from '../schemas/errors.js';
import { storageFor } from '../storage/index.js';
import { gatherPatterns, removeParts } from '../transforms/balance/range-files.js';
import { handOver } from '../transforms/read/handed.js';
import { type Job, saveBytes, workPath } from '../transforms/read/job.js';
import { loadLosses, type Unreadable, unreadableRows } from '../transforms/read/losses.js';
import { combineCounts, count, decodeCounted, mergeAllCounts } from '../transforms/stats/count.js';
import type { Counts } from '../transforms/stats/counts.js';
import { exampleLimit } from '../transforms/stats/example-plan.js';
import { openStage, type Stage } from '../transforms/tag/stage.js';
import { mergeAllWritten, type UnitsConfig, write } from '../transforms/write/write.js';
import { decodeWritten } from '../transforms/write/written.js';
import { beginAttempt } from './attempt.js';
import { findOut } from './find-out.js';
import type { Phases } from './finish.js';
import { decodeFitted, encodeFitted, type FitContext, fit } from './fit.js';
import type { RunContext } from './hooks.js';
import { onlineFit, runOnline } from './online.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { requireReadable, sawLost } from './readable.js';
import { expectedShardRows } from './shard-rows.js';
import { shuffled, shuffledInto } from './shuffle.js';
import { spreadSplits, spreadUnits } from './spread.js';

type Results = Pick<Phases, 'counts' | 'fitted' | 'written'>;

interface PassContext extends FitContext {
  readonly stage: Stage;
  /** Rows that an earlier attempt could not read. */
  readonly known: readonly Unreadable[];
}

/**
 * Runs all passes. They read different columns, so that one may fail where an earlier one did not: what that pass could not read
 * is then taken from all of them, and they begin again. Throws InputError where more than `input.maximumBad` is lost, or no row
 * passes the filters.
 */
export async function runPasses({ staging: first, ...rest }: RunContext): Promise<Phases> {
  const { partial, job, hooks } = rest;
  for (let staging = first; ; ) {
    const run = { ...rest, staging };
    await findOut(run);
    const stage = await openStage(staging);
    exampleLimit(job, stage.names);
    const context = { ...run, names: stage.names, stage, known: await loadLosses(staging) };
    const outcome = job.config.balance.fit === 'online' ? await online(context) : await twoPasses(context);
    if (!('lost' in outcome)) return { job, staging, stage, ...outcome };
    hooks.onLog?.('warn', `${unreadableRows(outcome.lost)} rows cannot be read; beginning again without them`);
    staging = await beginAttempt(partial, job, outcome.lost);
  }
}

/** What only this pass could not read: all passes must begin again without it. */
interface Lost {
  readonly lost: readonly Unreadable[];
}

async function twoPasses(context: PassContext): Promise<Results | Lost> {
  const { staging, job, hooks } = context;
  const counted = await runPhase(context, countPhase(staging, job));
  const { counts, ranges } = decodeCounted(counted);
  await removeParts(staging);
  await requireReadable(context, counts);
  if (sawLost(context.job, context.known, counts)) return { lost: counts.unreadable };
  requireSurvivors(context.stage, counts);
  const path = workPath(staging, 'fitted');
  if (!(await storageFor(path).exists(path))) {
    hooks.onLog?.('info', 'solving for the duals');
    const { attributes, labels } = context.names;
    const shape = { m: attributes.length, c: labels.length, limit: job.config.balance.patterns };
    await saveBytes(path, encodeFitted(await fit(context, await gatherPatterns(ranges, shape))));
  }
  const bytes = await storageFor(path).readAll(path);
  const fitted = decodeFitted(bytes);
  const { problem, duals } = fitted;
  const task = await handOver(staging, 'written', { problem, duals });
  const units = unitsOf(job, counts.drops[0], problem.rate);
  const config = { task, hash: partsHash(bytes, context.known), shuffled: shuffledInto(job, units) };
  const written = decodeWritten(await runPhase(context, writePhase(staging, job, units, config)));
  if (unreadableRows(written.unreadable) !== unreadableRows(counts.unreadable)) return { lost: written.unreadable };
  return { counts, fitted, written: await shuffled(context, written, config.hash) };
}

/** The first pass of two. */
export function countPhase(staging: string, { plan }: Job): Phase {
  return {
    name: 'counts',
    title: 'read, filter, tag, count',
    rows: plan.rows,
    build: (root) => spreadSplits(root, 'count', staging).parDo('count', count(staging), { coder: partialCoder }),
    combine: combineCounts(staging),
    reduce: mergeAllCounts(staging),
  };
}

/** The second pass of two. */
export function writePhase(
  staging: string,
  { plan }: Job,
  units: UnitsConfig,
  config: Omit<Parameters<typeof write>[0], 'staging'>,
): Phase {
  return {
    name: 'written',
    title: 'weight, resample, write',
    rows: plan.rows,
    build: (root) =>
      spreadUnits(root, 'write', units).parDo('write', write({ staging, ...config }), { coder: partialCoder }),
    reduce: mergeAllWritten(staging),
  };
}

async function online(context: PassContext): Promise<Results | Lost> {
  const { job } = context;
  const rate = Number(job.config.balance.rate);
  const pass = await runOnline(context, unitsOf(job, job.plan.rows, rate));
  const { counts, written } = pass;
  await requireReadable(context, counts);
  if (sawLost(context.job, context.known, counts)) return { lost: counts.unreadable };
  requireSurvivors(context.stage, counts);
  const fitted = await onlineFit(context, pass);
  return { counts, fitted, written: await shuffled(context, written, job.run) };
}

/** Hexadecimal digits of the hash in the names of parts: 48 bits. */
const HASH_DIGITS = 12;

/** Names of parts differ where their bytes may: the fit has the run's own hash, and rows that turn out to be lost begin it anew. */
export function partsHash(fitted: Uint8Array, known: readonly Unreadable[]): string {
  return createHash('sha256').update(fitted).update(JSON.stringify(known)).digest('hex').slice(0, HASH_DIGITS);
}

export function unitsOf(job: Job, kept: number, rate: number): UnitsConfig {
  const { plan } = job;
  const largest = plan.files.reduce((most, f) => f.groups.reduce((m, g) => Math.max(m, g.rows), most), 1);
  return {
    rows: plan.rows,
    shardRows: expectedShardRows(job),
    keptShare: (kept / Math.max(1, plan.rows)) * rate,
    unitRows: largest,
  };
}

/** Throws InputError, with the reasons, where no row passed the filters. */
function requireSurvivors({ reasons }: Stage, { drops, unreadable }: Counts): void {
  if (drops[0] > 0) return;
  const told = reasons.flatMap((reason, i) => (drops[i + 1] > 0 ? [`${drops[i + 1]} "${reason}"`] : []));
  const lost = unreadableRows(unreadable);
  if (lost > 0) told.push(`${lost} unreadable`);
  throw new InputError('nothing to balance', {
    expected: 'rows that pass every filter',
    got: told.length === 0 ? 'none: the input has no rows' : `none: ${told.join(', ')}`,
  });
}
