/**
 * A night: find what is new, count it, fit the sum from the last duals, weigh and write, look at the gates, publish by one switch. Each
 * step leaves what it found under a name of what it was made from, so that a run that was killed goes on, or begins again, and a night
 * that is counted is not counted twice: the total is always the sum over the nights of the ledger.
 */
import { createHash } from 'node:crypto';
import type { Config } from '../../schemas/config.js';
import type { Latest, Ledger } from '../../schemas/nightly.js';
import type { Report } from '../../schemas/report.js';
import { trainableFormats } from '../../transforms/filter/trainable.js';
import { createGates } from '../../transforms/nightly/gates.js';
import { daysBetween, parseNight } from '../../transforms/nightly/nights.js';
import { readLexicons } from '../../transforms/tag/read-lexicon.js';
import { packageVersion } from '../prepare.js';
import { openRunner } from '../runner.js';
import { requireNightly } from './check.js';
import type { NightlyHooks } from './hooks.js';
import { type InUse, readLatest, readLedger, runFolder, switchTo } from './latest.js';
import { takeLock } from './lock.js';
import { type NightlyOptions, type NightPlan, planNightly } from './plan.js';
import { type Retired, retire } from './retention.js';
import { makeSet, type Night, requirePassed } from './set.js';
import { tellFailure, tellMetrics } from './tell.js';

export interface NightlyResult {
  readonly outcome: 'published' | 'nothing new';
  /** The run in use; undefined where nothing was ever published. */
  readonly run: string | undefined;
  readonly directory: string | undefined;
  readonly ledger: Ledger | undefined;
  readonly report: Report | undefined;
}

/** Hash of all that tags and filters rows. */
function taggerHash({ attributes, labels, languages, filters, balance, input, output }: Config): string {
  const hash = createHash('sha256');
  const lexicons = readLexicons(attributes, labels, languages);
  hash.update(
    JSON.stringify([
      packageVersion(),
      attributes,
      labels,
      languages,
      filters,
      lexicons,
      balance.utility,
      input.columns,
      trainableFormats(output),
      ...(input.bigquery?.columns === undefined ? [] : [input.bigquery.columns]),
    ]),
  );
  return hash.digest('hex').slice(0, 16);
}

/**
 * Makes and publishes the set as of `options.now`. Where nothing is new, nothing is published. Killed at any point, the same call goes on or
 * begins again, and publishes once. Throws GateError where a gate does not pass, LockedError where another is at work, and what a
 * balancing run throws.
 */
export async function runNightly(
  config: Config,
  options: NightlyOptions,
  hooks: NightlyHooks = {},
): Promise<NightlyResult> {
  requireNightly(config);
  for (const night of [...(options.skip ?? []), options.from, options.to])
    if (night !== undefined) parseNight(night, 'night');
  const root = config.output.directory;
  const lost = new AbortController();
  const lock = await takeLock(root, config.nightly.lease, (error) => lost.abort(error));
  const signal = hooks.signal === undefined ? lost.signal : AbortSignal.any([hooks.signal, lost.signal]);
  let began = performance.now();
  let inUse: InUse | undefined;
  const tell = async (ok: boolean, ledger: Ledger | undefined) => tellMetrics(config, options.now, ok, ledger, hooks);
  try {
    inUse = await readLatest(root);
    const ledger = inUse.latest === undefined ? undefined : await readLedger(root, inUse.latest.run);
    await hooks.onEvent?.({ event: 'start', now: options.now.toISOString(), output: root, inUse: ledger?.run ?? null });
    const step = async (stage: string, message: string, night?: string) => {
      const seconds = (performance.now() - began) / 1000;
      began = performance.now();
      await hooks.onEvent?.({ event: 'stage', stage, ...(night === undefined ? {} : { night }), seconds, message });
    };
    const gates = createGates(config.nightly.gates, options.accept ?? []);
    const runner = await openRunner(config.runner);
    const tagger = taggerHash(config);
    try {
      const context = { root, config, tagger, runner, hooks: { ...hooks, signal } };
      const result = await work({ ...context, options, inUse, ledger, gates, lock, step });
      await tell(true, result.ledger);
      return result;
    } finally {
      await runner.close();
    }
  } catch (error) {
    await tellFailure(config, hooks, error, inUse?.latest?.run);
    await tell(false, undefined);
    throw error;
  } finally {
    await lock.release();
  }
}

/** What a run would do: lists files, and neither reads nor changes anything. Throws as `runNightly`. */
export async function planNights(config: Config, options: NightlyOptions): Promise<NightPlan> {
  requireNightly(config);
  const root = config.output.directory;
  const { latest } = await readLatest(root);
  return planNightly(config, latest === undefined ? undefined : await readLedger(root, latest.run), options);
}

async function work(night: Night): Promise<NightlyResult> {
  const { root, config, options, inUse, ledger, gates, tagger, hooks, lock, step } = night;
  const plan = await planNightly(config, ledger, options);
  await tellPlan(night, plan);
  await step('found', `${plan.take.length} nights to count, ${plan.stay.length} as they were`);
  const skipsMore = (options.skip ?? []).some((skip) => ledger?.nights.some(({ night }) => night === skip));
  const isNew = plan.take.length > 0 || plan.leave.some(({ night }) => isGone(plan, night)) || skipsMore;
  if (!isNew) {
    // What was left by a run that was killed behind its switch.
    if (inUse.latest !== undefined) await tidy(night, inUse.latest);
    const newest = ledger?.nights.at(-1)?.night;
    if (newest !== undefined) gates.fresh(newest, daysBetween(newest, plan.newest));
    await requirePassed(night, 0);
    await hooks.onEvent?.({ event: 'nothing', message: 'there is no new night, and no file of another has changed' });
    const directory = ledger === undefined ? undefined : runFolder(root, ledger.run);
    return { outcome: 'nothing new', run: ledger?.run, directory, ledger, report: undefined };
  }
  gates.version(ledger?.tagger, tagger);
  await requirePassed(night, 0);
  const made = await makeSet(night, plan);
  const next = await switchTo(root, { run: made.run, at: options.now, kind: 'publish' }, inUse, lock);
  await step('switched', `${made.run} is in use`);
  await hooks.onEvent?.({ event: 'publish', run: made.run, nights: made.nights, rows: made.report.report.rows.read });
  const { runs } = await tidy(night, next);
  await step('retired', runs.length === 0 ? 'no run is too old' : `removed ${runs.join(', ')}`);
  const published = await readLedger(root, made.run);
  const directory = runFolder(root, made.run);
  return { outcome: 'published', run: made.run, directory, ledger: published, report: made.report.report };
}

/** Removes old runs, and the copies of what is published. */
async function tidy({ root, config }: Night, latest: Latest): Promise<Retired> {
  const retired = await retire(root, latest, config.nightly.keep);
  if (config.input.bigquery !== undefined) {
    const { removeCopies } = await import('./tables.js');
    await removeCopies(root);
  }
  return retired;
}

const isGone = ({ compared }: NightPlan, night: string) =>
  compared.changes.some((change) => change.night === night && change.kind === 'removed');

async function tellPlan({ hooks, config }: Night, { take, left, compared, skipped }: NightPlan): Promise<void> {
  const tell = (night: string, kind: string, files: number, message: string) =>
    hooks.onEvent?.({ event: 'found', night, kind, files, message });
  const waits = new Set(left.map(({ night }) => night));
  for (const { night, kind, inputs, added, replaced, removed } of compared.changes) {
    const counts = { added: added.length, replaced: replaced.length, removed: removed.length };
    const told = Object.entries(counts).flatMap(([what, files]) => (files > 0 ? [`${files} files ${what}`] : []));
    const rest = waits.has(night) ? `; waits for the next run (nightly.catchUp: ${config.nightly.catchUp})` : '';
    await tell(night, kind, inputs.length, `${told.join(', ')}${rest}`);
  }
  for (const { night, reason } of compared.waiting) await tell(night, 'waiting', 0, reason);
  for (const night of compared.missing) await tell(night, 'missing', 0, 'nights before and after it have files');
  for (const { night, inputs } of skipped) await tell(night, 'skipped', inputs.length, 'left out by a person');
  if (take.length === 0) hooks.onLog?.('info', 'nothing new');
}
