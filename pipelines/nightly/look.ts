/** What the gates look at, from what was counted of nights. */
import { columnOf, EVERY } from '../../schemas/moments.js';
import type { State } from '../../schemas/stats-state.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import type { Gates, LabelDrift, NightShares } from '../../transforms/nightly/gates.js';
import { LEAST_NIGHTS } from '../../transforms/nightly/gates.js';
import { benjaminiHochberg, driftStatistic, twoSidedP } from '../../transforms/stats/drift.js';
import { accumulate, cellOf } from '../../transforms/stats/moments.js';
import { tallyOf } from '../../transforms/stats/state.js';
import type { CountedNight } from './night.js';
import { sumOfStates } from './publish.js';

/** Of the drifts between a night and those before it. */
const FALSE_DISCOVERY_RATE = 0.05;

export function sharesOf({ sets: [set] }: State): NightShares {
  const { read, dropped, unreadable, attributes } = set;
  const share = (rows: number) => (read > 0 ? rows / read : 0);
  const [raw] = accumulate(tallyOf(set).exits);
  const all = cellOf(raw, EVERY).support;
  const unknown = attributes.map(({ name }, k) => {
    const known = cellOf(raw, columnOf(k, ABSENT)).support + cellOf(raw, columnOf(k, PRESENT)).support;
    return [name, all > 0 ? (all - known) / all : 0] as const;
  });
  const reasons = dropped.map(({ reason, rows }) => [reason, share(rows)] as const);
  return {
    rows: read,
    dropped: { ...Object.fromEntries(reasons), unreadable: share(unreadable) },
    unknown: Object.fromEntries(unknown),
  };
}

/**
 * Shares of the labels among all rows, before and in a night, by the test of `diff`. A label that vanished is told too, which `diff` leaves out
 * for its lack of support.
 */
function driftOf({ sets: [before] }: State, { sets: [night] }: State): LabelDrift[] {
  const [was, now] = [before, night].map((set) => accumulate(tallyOf(set).exits)[0]!);
  const [rowsWas, rowsNow] = [cellOf(was, EVERY).support, cellOf(now, EVERY).support];
  if (rowsWas === 0 || rowsNow === 0) return [];
  const drifts = before.labels.map((label, r) => {
    const samples = [
      { share: cellOf(was, EVERY, r + 1).support / rowsWas, n: rowsWas },
      { share: cellOf(now, EVERY, r + 1).support / rowsNow, n: rowsNow },
    ] as const;
    const p = twoSidedP(driftStatistic([samples[0]], [samples[1]]));
    return { label, before: samples[0].share, after: samples[1].share, p };
  });
  const q = benjaminiHochberg(drifts.map(({ p }) => p));
  return drifts.map(({ p: _p, ...drift }, i) => ({ ...drift, drifted: q[i] <= FALSE_DISCOVERY_RATE }));
}

/** Looks at each new night beside the nights before. */
export function lookAtNights(gates: Gates, fresh: readonly CountedNight[], before: readonly CountedNight[]): void {
  const sum = before.length === 0 ? undefined : sumOfStates(before);
  const past = {
    rows: before.map(({ state }) => state.sets[0].read),
    shares: sum === undefined ? { rows: 0, dropped: {}, unknown: {} } : sharesOf(sum),
  };
  const seen = new Map(before.map(({ digest, night }) => [digest, night]));
  for (const { night, state, digest } of fresh) {
    const drifts = sum === undefined || before.length < LEAST_NIGHTS ? undefined : driftOf(sum, state);
    gates.night({ night, ...sharesOf(state), drifts, sameAs: seen.get(digest) }, past);
    seen.set(digest, night);
  }
}
