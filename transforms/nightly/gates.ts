/** The gates before publishing: each a name, a value, a threshold and a sentence. Pure functions of what was counted and fitted. */
import type { Figures, GateResult } from '../../schemas/nightly.js';
import type { GateName, GatesConfig } from '../../schemas/nightly-config.js';

/** Nights before, at least, for a gate that compares with them: of fewer, chance decides. Ours. */
export const LEAST_NIGHTS = 3;
/** Nights before, at most, that the rows of a night are compared with. Ours. */
export const MOST_NIGHTS = 14;

/** What a gate looks at, of one night or of nights together. */
export interface NightShares {
  readonly rows: number;
  /** Reason: share of the rows read. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Attribute: share of the rows read in which it is unknown. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** The share of a label, before and in a night. */
export interface LabelDrift {
  readonly label: string;
  readonly before: number;
  readonly after: number;
  /** By more than chance. */
  readonly drifted: boolean;
}

export interface NewNight extends NightShares {
  readonly night: string;
  /** undefined where there are too few nights before. */
  readonly drifts: readonly LabelDrift[] | undefined;
  /** A night of exactly the same counts; undefined where there is none. */
  readonly sameAs: string | undefined;
}

export interface Before {
  /** Rows of the nights before, in order. */
  readonly rows: readonly number[];
  /** All of them together. */
  readonly shares: NightShares;
}

type Verdict = Omit<GateResult, 'gate' | 'accepted'>;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const short = (value: number) => String(Number(value.toPrecision(4)));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The name at which two sets of shares differ most, and by how much. */
function furthest(now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) {
  let worst = { name: '', difference: 0, now: 0, before: 0 };
  for (const name of new Set([...Object.keys(now), ...Object.keys(before)])) {
    const [a, b] = [now[name] ?? 0, before[name] ?? 0];
    if (Math.abs(a - b) > Math.abs(worst.difference)) worst = { name, difference: a - b, now: a, before: b };
  }
  return worst;
}

function rowsGate({ night, rows }: NewNight, before: Before, least: number): Verdict {
  const usual = median(before.rows.slice(-MOST_NIGHTS));
  const value = usual > 0 ? rows / usual : rows > 0 ? Number.MAX_VALUE : 1;
  const passed = value >= least && value <= 1 / least;
  const message = `${night} has ${rows} rows, ${short(value)} times the median ${usual} of the nights before`;
  return { passed, night, value, threshold: least, message };
}

function sharesGate(what: string, of: 'dropped' | 'unknown', night: NewNight, before: Before, most: number): Verdict {
  const { name, difference, now, before: was } = furthest(night[of], before.shares[of]);
  const value = Math.abs(difference);
  const message =
    name === ''
      ? `${night.night}: as in the nights before`
      : `${night.night}: ${what} "${name}" is ${percent(now)}, in the nights before ${percent(was)}`;
  return { passed: value <= most, night: night.night, value, threshold: most, message };
}

function driftGate({ night, drifts }: NewNight, most: number): Verdict {
  const size = ({ before, after }: LabelDrift) => Math.abs(after - before);
  const [worst] = (drifts ?? []).filter(({ drifted }) => drifted).sort((a, b) => size(b) - size(a));
  const value = worst === undefined ? 0 : size(worst);
  const message =
    worst === undefined
      ? `${night}: no share of a label has moved by more than chance`
      : `${night}: the share of label "${worst.label}" is ${percent(worst.after)}, in the nights before ${percent(worst.before)}`;
  return { passed: value <= most, night, value, threshold: most, message };
}

function repeatedGate({ night, sameAs }: NewNight): Verdict {
  const message =
    sameAs === undefined ? `${night}: is no other night again` : `${night}: has exactly the counts of ${sameAs}`;
  return { passed: sameAs === undefined, night, value: null, threshold: 'refuse', message };
}

/** What all nights together came to, and the last run. */
export interface SetFigures extends Figures {
  readonly previous: Pick<Figures, 'largestRate'> | undefined;
}

function atMost(what: string, value: number | null, most: number): Verdict {
  const message =
    value === null ? `${what} cannot be told: no rows bear on it` : `${what} of the set is ${short(value)}`;
  return { passed: value === null || value <= most, night: null, value, threshold: most, message };
}

function atLeast(message: string, value: number, least: number): Verdict {
  return { passed: value >= least, night: null, value, threshold: least, message };
}

/** Collects results; a gate that is off says nothing. `accepted`: names of gates that a person has let pass. */
export function createGates(config: GatesConfig, accepted: readonly string[]) {
  const results: GateResult[] = [];
  const look = <N extends GateName>(gate: N, of: (threshold: Exclude<GatesConfig[N], 'off'>) => Verdict) => {
    const threshold = config[gate];
    if (threshold === 'off') return;
    const verdict = of(threshold as Exclude<GatesConfig[N], 'off'>);
    results.push({ gate, accepted: !verdict.passed && accepted.includes(gate), ...verdict });
  };
  return {
    results,
    failed: () => results.filter(({ passed, accepted }) => !passed && !accepted),
    /** `tagger`: hashes of what tags the rows. */
    version(before: string | undefined, now: string) {
      look('version', (threshold) => {
        const passed = before === undefined || before === now;
        const message = passed
          ? 'rows are tagged as in the last run'
          : `rows are tagged otherwise than in the last run (${now}, not ${before}): all nights must be counted again`;
        return { passed, night: null, value: null, threshold, message };
      });
    },
    /** `days`: from the newest night of the set to the newest that is due. */
    fresh(newest: string, days: number) {
      look('fresh', (most) => {
        const message = `the newest night of the set is ${newest}, ${days} days before the newest that is due`;
        return { passed: days <= most, night: null, value: days, threshold: most, message };
      });
    },
    night(night: NewNight, before: Before) {
      if (before.rows.length >= LEAST_NIGHTS) {
        look('rows', (least) => rowsGate(night, before, least));
        look('dropped', (most) => sharesGate('the share dropped by', 'dropped', night, before, most));
        look('unknown', (most) => sharesGate('the share unknown of', 'unknown', night, before, most));
        look('drift', (most) => driftGate(night, most));
      }
      look('repeated', () => repeatedGate(night));
    },
    fit({ largestRate, previous, gap }: Pick<SetFigures, 'largestRate' | 'previous' | 'gap'>) {
      if (previous !== undefined && previous.largestRate > 0) {
        const value = largestRate / previous.largestRate;
        const message = `the largest feasible rate is ${short(largestRate)}, in the last run ${short(previous.largestRate)}`;
        look('rate', (least) => atLeast(message, value, least));
      }
      look('gap', (most) => atMost('the gap', gap, most));
    },
    set({ rb, ab, ess, kept }: Pick<SetFigures, 'rb' | 'ab' | 'ess' | 'kept'>) {
      const value = kept > 0 ? ess / kept : 0;
      const message = `the effective sample size of the set is ${short(ess)} of ${kept} rows`;
      look('ess', (least) => atLeast(message, value, least));
      look('rb', (most) => atMost('RB', rb, most));
      look('ab', (most) => atMost('AB', ab, most));
    },
  };
}
export type Gates = ReturnType<typeof createGates>;
