/** What a run has to do: which nights are new, which stay, which are left for the next run. */
import type { Config } from '../../schemas/config.js';
import type { InputFile, Ledger, LedgerNight } from '../../schemas/nightly.js';
import { type Compared, compareNights, type NightChange } from '../../transforms/nightly/compare.js';
import { newestNight, nightsBetween, nightsDue } from '../../transforms/nightly/nights.js';
import { findNights } from './discover.js';

export interface NightlyOptions {
  /** The time that the run takes for now. */
  readonly now: Date;
  /** A backfill: these nights too, without a cap. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Nights to leave out as they are. */
  readonly skip?: readonly string[];
  /** Names of gates to let pass. */
  readonly accept?: readonly string[];
}

export interface NightPlan {
  readonly compared: Compared;
  /** Nights to be counted in this run, in order. */
  readonly take: readonly NightChange[];
  /** Nights that wait for the next run. */
  readonly left: readonly NightChange[];
  /** Nights that stay as the ledger has them. */
  readonly stay: readonly LedgerNight[];
  readonly skipped: readonly { readonly night: string; readonly inputs: readonly InputFile[] }[];
  /** Nights that leave the set: too old, or their files are gone. */
  readonly leave: readonly LedgerNight[];
  readonly newest: string;
}

/** Lists files and reads nothing else. */
export async function planNightly(
  config: Config,
  ledger: Ledger | undefined,
  { now, from, to, skip = [] }: NightlyOptions,
): Promise<NightPlan> {
  const { nightly } = config;
  const newest = newestNight(now, nightly);
  const due = nightsDue(now, nightly);
  const oldest = due[0]!;
  const range = from === undefined ? [] : nightsBetween(from, to ?? newest);
  const backfill = new Set(range.filter((night) => night >= oldest && night <= newest));
  const compared = compareNights(await findNights(config, due), ledger);
  const changes = compared.changes.filter(
    ({ night, kind }) => !(kind === 'removed' && nightly.removed === 'keep' && !skip.includes(night)),
  );
  const gone = changes.filter(({ kind, night }) => kind === 'removed' && !skip.includes(night));
  const fresh = changes.filter(({ kind, night }) => kind !== 'removed' && !skip.includes(night));
  const within = from === undefined ? fresh : fresh.filter(({ night }) => backfill.has(night));
  const take = from === undefined ? within.slice(0, nightly.catchUp) : within;
  const taken = new Set([...take, ...gone].map(({ night }) => night));
  const entries = ledger?.nights ?? [];
  const stays = (night: string) => night >= oldest && night <= newest && !taken.has(night) && !skip.includes(night);
  const found = new Map([...compared.changes].map(({ night, inputs }) => [night, inputs]));
  const known = new Map(entries.map(({ night, inputs }) => [night, inputs]));
  const before = (ledger?.skipped ?? []).filter(
    ({ night }) => night >= oldest && !taken.has(night) && !skip.includes(night),
  );
  return {
    compared,
    take,
    left: fresh.filter(({ night }) => !taken.has(night)),
    stay: entries.filter(({ night }) => stays(night)),
    skipped: [...before, ...skip.map((night) => ({ night, inputs: found.get(night) ?? known.get(night) ?? [] }))].sort(
      (a, b) => (a.night < b.night ? -1 : 1),
    ),
    leave: entries.filter(({ night }) => !stays(night) && !take.some((change) => change.night === night)),
    newest,
  };
}
