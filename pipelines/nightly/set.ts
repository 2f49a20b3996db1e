/** The set of a run: its nights counted and written, its figures through the gates, the run in its folder, not yet in use. */
import { type Duals, decodeDuals } from '../../schemas/duals.js';
import { GateError } from '../../schemas/errors.js';
import {
  type Figures,
  type Ledger,
  type LedgerNight,
  type SetFile,
  writtenNightSchema,
} from '../../schemas/nightly.js';
import type { State } from '../../schemas/stats-state.js';
import { inParallel, outputPath, storageFor } from '../../storage/index.js';
import type { Gates } from '../../transforms/nightly/gates.js';
import { factorOf, runNameOf } from '../../transforms/nightly/nights.js';
import { totalPatterns } from '../../transforms/nightly/total.js';
import { readPublished } from '../../transforms/write/finished.js';
import { packageVersion } from '../prepare.js';
import { fitTotal, type TotalFit } from './fit.js';
import { type InUse, readJson, runFolder } from './latest.js';
import type { Held } from './lock.js';
import { lookAtNights } from './look.js';
import { type CountedNight, countNight, type FreshNight, findCounted, type NightContext, writeNight } from './night.js';
import type { NightlyOptions, NightPlan } from './plan.js';
import { AbandonedCommit, commitNightly, reportOf, type SetNight, type SetReport, sumOfStates } from './publish.js';

/** Small files that are read at a time. */
const READ_AT_ONCE = 16;

/** What one run of nightly knows from its beginning. */
export interface Night extends NightContext {
  readonly options: NightlyOptions;
  readonly inUse: InUse;
  readonly ledger: Ledger | undefined;
  readonly gates: Gates;
  readonly lock: Held;
  step(stage: string, message: string, night?: string): Promise<void>;
}

/** Throws GateError where a gate did not pass and nobody let it. */
export async function requirePassed({ gates, hooks, inUse }: Night, from: number): Promise<void> {
  for (const result of gates.results.slice(from)) await hooks.onEvent?.({ event: 'gate', ...result });
  const failed = gates.failed();
  if (failed.length > 0) throw new GateError(failed, inUse.latest?.run);
}

export interface Made {
  readonly run: string;
  readonly nights: number;
  readonly report: SetReport;
}

/** The nights that stay, as they were counted; counted again where something else tags them now. */
async function countStaying(night: Night, stay: readonly LedgerNight[]): Promise<CountedNight[]> {
  const { root, ledger, tagger } = night;
  const found = new Map<string, CountedNight>();
  if (ledger?.tagger === tagger) {
    await inParallel(stay, READ_AT_ONCE, async ({ counts, night: name, inputs }) => {
      const counted = await findCounted(root, counts, name, inputs);
      if (counted !== undefined) found.set(name, counted);
    });
  }
  const counted: CountedNight[] = [];
  for (const { night: name, inputs } of stay) counted.push(found.get(name) ?? (await countNight(night, name, inputs)));
  return counted;
}

/** Throws GateError where a gate does not pass. */
export async function makeSet(night: Night, plan: NightPlan): Promise<Made> {
  const { config, gates, hooks, step } = night;
  const before = await countStaying(night, plan.stay);
  const fresh: CountedNight[] = [];
  for (const { night: name, inputs } of plan.take) {
    hooks.signal?.throwIfAborted();
    fresh.push(await countNight(night, name, inputs));
    await step('counted', `${inputs.length} files, ${fresh.at(-1)!.state.sets[0].read} rows`, name);
  }
  let looked = gates.results.length;
  lookAtNights(gates, fresh, before);
  await requirePassed(night, looked);
  const last = await lastDuals(night);
  for (;;) {
    const counted = [...before, ...fresh].sort((a, b) => (a.night < b.night ? -1 : 1));
    const factors = new Map(counted.map((n) => [n.night, factorOf(n.night, plan.newest, config.nightly)]));
    const sum = sumOfStates(counted);
    const names = { attributes: sum.sets[0].attributes.map(({ name }) => name), labels: sum.sets[0].labels };
    const shape = { m: names.attributes.length, c: names.labels.length, limit: config.balance.patterns };
    const patterns = counted.map((n) => ({ patterns: n.patterns, factor: factors.get(n.night)! }));
    const fit = fitTotal(config, names, totalPatterns(patterns, shape), last);
    await step(
      'fitted',
      `${counted.length} nights, ${fit.exact.iterations} steps${last === undefined ? '' : ', from the last duals'}`,
    );
    looked = gates.results.length;
    gates.fit({ largestRate: fit.largestRate, gap: fit.exact.gap, previous: night.ledger?.figures });
    await requirePassed(night, looked);
    const isFresh = new Set(fresh.map((n) => n.night));
    const all = config.nightly.scope === 'window' || night.ledger?.tagger !== night.tagger;
    const written: FreshNight[] = [];
    const recounted = await writeNights(
      night,
      counted.filter((n) => all || isFresh.has(n.night)),
      fit,
      written,
    );
    if (recounted !== undefined) {
      for (const list of [before, fresh]) {
        const at = list.findIndex((n) => n.night === recounted.night);
        if (at >= 0) list[at] = recounted;
      }
      continue;
    }
    try {
      return await finish(night, plan, {
        counted,
        sum,
        factors,
        fit,
        written,
        warm: last !== undefined,
        fresh: isFresh,
      });
    } catch (error) {
      // What a commit of another run has moved is written again.
      if (!(error instanceof AbandonedCommit)) throw error;
      gates.results.length = looked;
    }
  }
}

/** Writes nights into `written`. Resolves to a night that had to be counted again, as some of its rows could not be written. */
async function writeNights(
  night: Night,
  nights: readonly CountedNight[],
  { problem, duals }: TotalFit,
  written: FreshNight[],
): Promise<CountedNight | undefined> {
  for (const counted of nights) {
    night.hooks.signal?.throwIfAborted();
    const outcome = await writeNight(night, counted, { problem, duals });
    if ('lost' in outcome) return countNight(night, counted.night, counted.inputs, outcome.lost);
    written.push(outcome);
    await night.step('wrote', `${outcome.parts.length} files`, counted.night);
  }
  return undefined;
}

interface Ready {
  readonly counted: readonly CountedNight[];
  readonly sum: State;
  readonly factors: ReadonlyMap<string, number>;
  readonly fit: TotalFit;
  readonly written: readonly FreshNight[];
  readonly warm: boolean;
  readonly fresh: ReadonlySet<string>;
}

/** The last gates, and the run in its folder. */
async function finish(night: Night, plan: NightPlan, ready: Ready): Promise<Made> {
  const { root, config, options, inUse, ledger, gates, tagger, lock, step } = night;
  const { counted, sum, factors, fit, written, warm, fresh } = ready;
  const { toldOf, files } = await keptNights(root, ledger, plan.stay, written, factors);
  const set = counted.map((n): SetNight => ({ counted: n, factor: factors.get(n.night)!, told: toldOf(n.night) }));
  const report = reportOf(config, set, sum, fit);
  const balanced = report.report.bias.find(({ stage }) => stage === 'balanced')!;
  const rowsOf = (nights: readonly CountedNight[]) => nights.reduce((sum, n) => sum + n.state.sets[0].read, 0);
  const figures: Figures = {
    nights: counted.length,
    newNights: fresh.size,
    rows: rowsOf(counted),
    newRows: rowsOf(counted.filter((n) => fresh.has(n.night))),
    kept: balanced.rows,
    written: report.report.rows.written,
    rb: balanced.rb,
    ab: balanced.ab,
    ess: balanced.ess,
    rate: fit.duals.rate,
    largestRate: fit.largestRate,
    gap: fit.exact.gap,
    steps: fit.exact.iterations,
    warm,
  };
  const looked = gates.results.length;
  gates.set(figures);
  await requirePassed(night, looked);
  await step('gated', `${gates.results.length} gates`);
  const run = freeName(inUse, options.now);
  const keptOf = new Map(plan.stay.map((entry) => [entry.night, { run: entry.run, written: entry.written }]));
  const rewritten = new Set(written.map((n) => n.counted.night));
  const entry = (n: CountedNight) => {
    const [{ read, unreadable, dropped }] = n.state.sets;
    const kept = read - unreadable - dropped.reduce((sum, { rows }) => sum + rows, 0);
    const { night: name, inputs, folder, digest } = n;
    const base = {
      night: name,
      inputs: [...inputs],
      rows: read,
      kept,
      counts: folder,
      digest,
      factor: factors.get(name)!,
    };
    return rewritten.has(name) ? base : { ...base, keptAs: keptOf.get(name)! };
  };
  await lock.require();
  await commitNightly(root, {
    config,
    run,
    ledger: {
      run,
      at: options.now.toISOString(),
      previous: ledger?.run ?? null,
      m4Balance: packageVersion(),
      tagger,
      skipped: plan.skipped.map(({ night: name, inputs }) => ({ night: name, inputs: [...inputs] })),
      figures,
      gates: gates.results,
    },
    nights: counted.map(entry),
    fresh: written,
    keptFiles: files,
    report,
    duals: fit.duals,
  });
  await step('committed', run);
  return { run, nights: counted.length, report };
}

/** What is told of every night of the set, and the files of those that are not written again. */
async function keptNights(
  root: string,
  ledger: Ledger | undefined,
  stay: readonly LedgerNight[],
  written: readonly FreshNight[],
  factors: ReadonlyMap<string, number>,
) {
  const told = new Map(written.map((n) => [n.counted.night, n.told]));
  const kept = ledger === undefined ? [] : stay.filter((entry) => !told.has(entry.night));
  const files: SetFile[] = [];
  await inParallel(kept, READ_AT_ONCE, async ({ night, written: path }) => {
    const { files: own, ...of } = await readJson(outputPath(root, path), writtenNightSchema, 'a written night');
    told.set(night, of);
    files.push(...own.map((file) => ({ ...file, night, share: factors.get(night)! })));
  });
  return { toldOf: (night: string) => told.get(night)!, files };
}

/** The duals of the run in use, to start from; undefined where there is none, or the configuration wants none. */
async function lastDuals({ root, config, inUse }: Night): Promise<Duals | undefined> {
  if (inUse.latest === undefined || !config.nightly.warm) return undefined;
  const folder = runFolder(root, inUse.latest.run);
  const file = (await readPublished(folder)).manifest?.files.find(({ kind }) => kind === 'duals');
  if (file === undefined) return undefined;
  const path = outputPath(folder, file.path);
  return decodeDuals(new TextDecoder().decode(await storageFor(path).readAll(path)), path);
}

/** The run's name: one that was in use is never written again, and gets -2, -3, ... */
function freeName({ latest }: InUse, now: Date): string {
  const name = runNameOf(now);
  const used = new Set(latest?.history.map(({ run }) => run));
  for (let n = 1; ; n++) {
    const free = n === 1 ? name : `${name}-${n}`;
    if (!used.has(free)) return free;
  }
}
