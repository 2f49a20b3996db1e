/** From the nights of a set to the run that is published: its report, its ledger, and the list of its files. */
import { createHash } from 'node:crypto';
import type { Config } from '../../schemas/config.js';
import { type Duals, encodeDuals } from '../../schemas/duals.js';
import { MANIFEST_VERSION } from '../../schemas/manifest.js';
import type { Moments } from '../../schemas/moments.js';
import {
  LEDGER_VERSION,
  type Ledger,
  type LedgerNight,
  type SetFile,
  type WrittenNight,
} from '../../schemas/nightly.js';
import type { Report } from '../../schemas/report.js';
import type { State } from '../../schemas/stats-state.js';
import { below, storageFor } from '../../storage/index.js';
import { scaledMoments } from '../../transforms/nightly/total.js';
import { decodeHistogram, emptyHistogram, mergeHistograms } from '../../transforms/stats/histogram.js';
import { mergeStates } from '../../transforms/stats/merge-states.js';
import { emptyMoments, mergeMoments } from '../../transforms/stats/moments.js';
import { decodeMoments, encodeMoments } from '../../transforms/stats/moments-codec.js';
import { renderPage } from '../../transforms/stats/page/index.js';
import { buildReport } from '../../transforms/stats/report.js';
import { encodeState, fromBase64, tallyOf, toBase64 } from '../../transforms/stats/state.js';
import { UNREADABLE } from '../../transforms/tag/stage.js';
import { commitRun } from '../../transforms/write/commit.js';
import type { Part } from '../../transforms/write/commit-parts.js';
import { readPublished } from '../../transforms/write/finished.js';
import { beginCommit, findAttempt } from '../attempt.js';
import { requireUnowned } from '../owner.js';
import { packageVersion } from '../prepare.js';
import { PAGE_FILE, STATE_FILE } from '../stats-output.js';
import { certificateOf, type TotalFit } from './fit.js';
import { runFolder } from './latest.js';
import { type CountedNight, type FreshNight, filesAt, type ToldNight, workFolder } from './night.js';

/** A night of the set: what was counted of it, and what is told of its files, fresh or of an earlier run. */
export interface SetNight {
  readonly counted: CountedNight;
  readonly factor: number;
  readonly told: ToldNight;
}

/** The states of nights, added up. Exact, in any order. Throws InputError where two did not count the same things. */
export function sumOfStates(nights: readonly CountedNight[]): State {
  return mergeStates(nights.map(({ folder, state }) => ({ path: folder, state })));
}

export interface SetReport {
  readonly report: Report;
  readonly state: State;
}

/** The report of a set: its rows and stages as they were counted, its weights as they were written. */
export function reportOf(config: Config, nights: readonly SetNight[], sum: State, fit: TotalFit): SetReport {
  const [set] = sum.sets;
  const names = { attributes: set.attributes.map(({ name }) => name), labels: set.labels };
  const total = (of: 'balanced' | 'resampled' | 'random', factors = true): Moments => {
    const moments = emptyMoments(names.attributes.length, names.labels.length);
    for (const { told, factor } of nights) {
      mergeMoments(moments, scaledMoments(decodeMoments(fromBase64(told[of])), factors ? factor : 1));
    }
    return moments;
  };
  const weights = emptyHistogram(config.balance.maximum);
  const drops = new Map<string, number>(set.dropped.map(({ reason }) => [reason, 0]));
  for (const { told } of nights) {
    mergeHistograms(weights, decodeHistogram(fromBase64(told.weights)));
    for (const { reason, rows } of told.drops) drops.set(reason, (drops.get(reason) ?? 0) + rows);
  }
  const unreadable = drops.get(UNREADABLE) ?? 0;
  drops.delete(UNREADABLE);
  const dropped = Object.fromEntries([...drops].filter(([, rows]) => rows > 0));
  if (unreadable > 0) dropped[UNREADABLE] = unreadable;
  const stages = { balanced: total('balanced'), resampled: total('resampled'), random: total('random') };
  const { minimumSupport, confidence, worst, pairs } = config.report;
  const { runner: _runner, stats: _stats, bigquery: _bigquery, ...told } = config;
  const report = buildReport({
    read: set.read,
    dropped,
    filters: set.filters,
    exits: tallyOf(set).exits,
    balance: { certificate: certificateOf(fit, names), ...stages, weights },
    names,
    targets: set.attributes.map(({ target }) => target),
    problems: set.problems,
    options: { minimumSupport, confidence, worst, pairs },
    agreement: set.agreement,
    rates: fit.rates,
    ratesSample: fit.ratesSample,
    config: told,
    versions: { 'm4-balance': packageVersion() },
  });
  const shards = nights.reduce((sum, { told }) => sum + writtenRows(told), 0);
  const encoded = Object.entries(stages).map(([stage, moments]) => ({
    stage,
    moments: toBase64(encodeMoments(moments)),
  }));
  return {
    report: { ...report, rows: { ...report.rows, written: shards } },
    state: { ...sum, sets: [{ ...set, stages: encoded }] },
  };
}

/** Rows of a night's shards, in each of its formats. */
function writtenRows({ resampled }: Pick<WrittenNight, 'resampled'>): number {
  const { support, weighted } = decodeMoments(fromBase64(resampled));
  if (support === null) return 0;
  return weighted === null ? support[0]! : (weighted.weights.hi[0]! * 2 ** 52 + weighted.weights.lo[0]!) / 2 ** 30;
}

/** What is published, but for the names that depend on its folder. */
export interface RunToPublish {
  readonly config: Config;
  readonly run: string;
  readonly ledger: Omit<Ledger, 'version' | 'kind' | 'nights'>;
  /** In order; of fresh ones the place is this run's. */
  readonly nights: readonly (Omit<LedgerNight, 'written' | 'run'> & {
    readonly keptAs?: Pick<LedgerNight, 'written' | 'run'>;
  })[];
  readonly fresh: readonly FreshNight[];
  /** Files of the nights that are not fresh. */
  readonly keptFiles: readonly SetFile[];
  readonly report: SetReport;
  readonly duals: Duals;
}

/** The folder where a run is put together, in the same storage. */
const commitFolder = (root: string) => below(workFolder(root), 'commit');

/** A commit of another run was begun and not ended: on a disk some of its files have been moved, and must be written again. */
export class AbandonedCommit extends Error {}

/** Puts the run into its folder, all at once. Throws AbandonedCommit, having removed all that is unfinished. */
export async function commitNightly(root: string, given: RunToPublish): Promise<void> {
  const { run, fresh, report, duals, config } = given;
  const identity = createHash('sha256');
  identity.update(
    JSON.stringify([given.ledger, given.nights, fresh.map(({ parts }) => parts), Array.from(duals.w), duals.mu]),
  );
  const hash = identity.digest('hex').slice(0, 16);
  const directory = runFolder(root, run);
  const partial = commitFolder(root);
  const storage = storageFor(root);
  await requireUnowned(partial);
  const published = await readPublished(directory);
  if (published.manifest?.run === hash) return;
  const begun = await findAttempt(partial);
  if (published.manifest !== undefined || (begun !== undefined && !begun.includes(`${hash}-`))) {
    // Of a run that was never in use: it is not what would be published now.
    await storage.remove(directory);
    await storage.remove(workFolder(root));
    throw new AbandonedCommit();
  }
  const staging = begun ?? (await beginCommit(partial, hash));
  const attempt = staging.slice(Math.max(staging.lastIndexOf('/'), staging.lastIndexOf('\\')) + 1);
  const place = `runs/${run}${storage.kind === 'objects' ? `/${attempt}` : ''}`;
  const told = fresh.map((night): WrittenNight => ({ ...night.told, files: filesAt(night, place) }));
  const nights = given.nights.map(({ keptAs, ...night }): LedgerNight => {
    return { ...night, ...(keptAs ?? { run, written: `${place}/nights/${night.night}.json` }) };
  });
  const factors = new Map(nights.map(({ night, factor }) => [night, factor]));
  const files = [
    ...given.keptFiles,
    ...told.flatMap(({ night, files }) => files.map((file) => ({ ...file, night, share: factors.get(night)! }))),
  ].sort((a, b) => (a.night < b.night ? -1 : a.night > b.night ? 1 : a.path < b.path ? -1 : 1));
  const json = (kind: Part['kind'], path: string, value: unknown): Part => {
    return { path, kind, format: 'json', text: `${JSON.stringify(value, null, 2)}\n` };
  };
  const version = LEDGER_VERSION;
  const parts: Part[] = [
    ...fresh.flatMap(({ parts }) => parts),
    ...told.map((night) => json('night', `nights/${night.night}.json`, night)),
    json('report', 'report.json', report.report),
    { path: PAGE_FILE, kind: 'page', format: 'html', text: renderPage(report.report) },
    { path: 'duals.json', kind: 'duals', format: 'json', text: encodeDuals(duals) },
    { path: STATE_FILE, kind: 'state', format: 'json', text: encodeState(report.state) },
    json('set', 'set.json', { version, kind: 'm4-balance set', run, files }),
    json('ledger', 'ledger.json', { version, kind: 'm4-balance ledger', ...given.ledger, nights } satisfies Ledger),
  ];
  const { runner: _runner, stats: _stats, bigquery: _bigquery, ...configTold } = config;
  await commitRun({
    staging,
    directory,
    overwrite: false,
    published,
    parts,
    manifest: {
      version: MANIFEST_VERSION,
      run: hash,
      m4Balance: packageVersion(),
      rows: report.report.rows,
      certificate: { ...(report.report.certificate ?? {}) },
      config: configTold,
    },
  });
}
