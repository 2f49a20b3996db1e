/** RB and AB of a state corrected by the confusion matrices of an evaluation: a pure function of both. */
import { CORRECTED_VERSION, type Corrected, type CorrectedAttribute } from '../../schemas/corrected.js';
import type { Evaluation } from '../../schemas/evaluation.js';
import { type Cell, columnOf, EVERY, type Moments } from '../../schemas/moments.js';
import type { State, StateSet } from '../../schemas/stats-state.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import { correctedDifference, correctedShare, deltaInterval, type Estimated, type Observed } from './correction.js';
import { magnitude, newcombe } from './intervals.js';
import { attributeFigure, effective, pairFigure, pairSupport } from './measures.js';
import { cellOf } from './moments.js';
import { twoSidedZ } from './normal.js';
import { rounded } from './report.js';
import { tallyOf } from './state.js';
import { stagesOf } from './stats-report.js';

type Judged = Evaluation['attributes'][number];

/** Moments of a stage; `counted`: of the rows before they were weighted, where they are. */
interface Stage {
  readonly name: string;
  readonly moments: Moments;
  readonly counted: Moments | undefined;
}

const union = (a: Cell, b: Cell): Cell => ({
  support: a.support + b.support,
  weight: a.weight + b.weight,
  squares: a.squares + b.squares,
});

function shareOf(part: Cell, whole: Cell): Estimated {
  return { share: whole.weight > 0 ? part.weight / whole.weight : 0, of: effective(whole) };
}

/** Share tagged present, then shares with the label of those tagged present, and absent. */
function seenIn(moments: Moments, k: number, block: number): [Estimated, Estimated, Estimated] {
  const cell = (s: number, of: number) => cellOf(moments, columnOf(k, s), of);
  const [present, absent] = [cell(PRESENT, EVERY), cell(ABSENT, EVERY)];
  return [
    shareOf(present, union(present, absent)),
    shareOf(cell(PRESENT, block), present),
    shareOf(cell(ABSENT, block), absent),
  ];
}

const observed = ([present, labelPresent, labelAbsent]: readonly number[]): Observed => ({
  present: present!,
  labelPresent: labelPresent!,
  labelAbsent: labelAbsent!,
});

/** P(tagged present | truth) of both truths, as shares of rows that are tagged either way; or why they cannot be had. */
function ratesOf(judged: Judged | undefined, z: number): [Estimated, Estimated] | string {
  if (judged === undefined) return 'the evaluation has no truth of it';
  const { present, absent } = judged.confusion;
  const [n1, n0] = [present.present + present.absent, absent.present + absent.absent];
  if (n1 === 0 || n0 === 0) return 'the evaluation has no tagged row of one of the two truths';
  const [a, b] = [present.present / n1, absent.present / n0];
  if (newcombe(a, n1, b, n0, z).low <= 0) return 'by the evaluation the tagger may be no better than chance';
  return [
    { share: a, of: n1 },
    { share: b, of: n0 },
  ];
}

const bounded = (x: number) => Math.min(1, Math.max(0, x));

function attributeOf(
  { moments, counted }: Stage,
  k: number,
  { name, target }: StateSet['attributes'][number],
  labels: readonly string[],
  judged: Judged | undefined,
  { confidence, minimumSupport }: State['options'],
): CorrectedAttribute {
  const z = twoSidedZ(confidence);
  const { share, rb } = attributeFigure(moments, k, target, z);
  const ranked = labels.flatMap((label, r) => {
    const support = pairSupport(moments, k, r);
    const ab = support > 0 && support >= minimumSupport ? pairFigure(moments, k, r, z).ab : null;
    return ab === null ? [] : [{ label, r, ab }];
  });
  const tagged = { share, rb, ab: ranked.length === 0 ? null : Math.max(...ranked.map(({ ab }) => ab)) };
  const none = { share: null, interval: null, rb: null, ab: null, label: null, abInterval: null };
  const failed = (reason: string) => ({ attribute: name, target, reason, tagged, ...none });
  if (share === null) return failed('it is told in no row');
  const rates = ratesOf(judged, z);
  if (typeof rates === 'string') return failed(rates);

  const before = counted ?? moments;
  const [present] = seenIn(before, k, EVERY);
  const [weighted] = seenIn(moments, k, EVERY);
  const shares = counted === undefined ? [present, ...rates] : [present, ...rates, weighted];
  const truly = ([p, a, b, w]: readonly number[]) => correctedShare(p!, { a: a!, b: b! }, w);
  const value = truly(shares.map((one) => one.share));
  const interval = deltaInterval(truly, shares, z);
  if (interval.high < 0 || interval.low > 1) {
    return failed('its share lies outside what a tagger with these errors can show: the evaluation is of other data');
  }
  const shareFigures = {
    share: bounded(value),
    interval: { low: bounded(interval.low), high: bounded(interval.high) },
    rb: Math.abs(target - bounded(value)),
  };
  const zAll = twoSidedZ(confidence, Math.max(1, ranked.length));
  const pairs = ranked.map(({ label, r }) => {
    const seen = seenIn(before, k, r + 1);
    const all = [...rates, ...seen, ...(counted === undefined ? [] : seenIn(moments, k, r + 1))];
    const difference = ([a, b, ...rest]: readonly number[]) =>
      correctedDifference(
        observed(rest),
        { a: a!, b: b! },
        counted === undefined ? undefined : observed(rest.slice(seen.length)),
      );
    const told = difference(all.map((one) => one.share));
    return { label, ab: Math.abs(told), interval: magnitude(deltaInterval(difference, all, zAll)) };
  });
  const worst = [...pairs].sort((x, y) => y.ab - x.ab)[0];
  const impossible = pairs.some(({ ab, interval: of }) => !(ab <= 1) || !Number.isFinite(of.high));
  const reason = impossible
    ? 'of AB: the corrected rows of one side, or of one label, are none or less'
    : ranked.length === 0
      ? 'of AB: no pair has enough support'
      : null;
  if (reason !== null || worst === undefined) {
    return { attribute: name, target, reason, tagged, ...none, ...shareFigures };
  }
  return {
    attribute: name,
    target,
    reason,
    tagged,
    ...shareFigures,
    ab: worst.ab,
    label: worst.label,
    abInterval: {
      low: Math.max(...pairs.map(({ interval: { low } }) => low)),
      high: bounded(Math.max(...pairs.map(({ interval: { high } }) => high))),
    },
  };
}

/** Throws InputError where the tables of the state are not of the shape that it tells. */
export function correctedOf(state: State, evaluation: Evaluation): Corrected {
  const { options } = state;
  const sets = state.sets.map((set) => {
    const filters = set.filters.length;
    const stages = stagesOf(set, tallyOf(set));
    return {
      name: set.name,
      stages: stages.map(({ name: stage, moments }, i) => ({
        stage,
        attributes: set.attributes.map((attribute, k) => {
          const counted = i > filters ? stages[filters]!.moments : undefined;
          const judged = evaluation.attributes.find((of) => of.attribute === attribute.name);
          return attributeOf({ name: stage, moments, counted }, k, attribute, set.labels, judged, options);
        }),
      })),
    };
  });
  const { confidence } = options;
  return { version: CORRECTED_VERSION, runs: state.runs, evaluation: evaluation.run, confidence, sets: rounded(sets) };
}
