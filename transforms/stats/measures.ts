/**
 * Representation and association bias, read from Moments (spec "Measures"). E_q is the mean weighted by q; counts behind an
 * interval are Kish-effective. `null` stands for a figure that no example bears on.
 */
import { type Cell, columnOf, EVERY, type Moments } from '../../schemas/moments.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import { type Interval, magnitude, newcombe, wilson } from './intervals.js';
import { cellOf, widthOf } from './moments.js';
import { twoSidedZ } from './normal.js';

/** Kish's effective number of examples, (sum q)^2 / sum q^2; never more than there are. */
export function effective({ support, weight, squares }: Cell): number {
  if (support === 0) return 0;
  return squares > 0 ? Math.min(support, (weight * weight) / squares) : support;
}

function sum(a: Cell, b: Cell): Cell {
  return { support: a.support + b.support, weight: a.weight + b.weight, squares: a.squares + b.squares };
}

/** A share with its Wilson interval and the number of examples behind it. */
export interface ShareFigure {
  readonly share: number | null;
  readonly interval: Interval;
  readonly support: number;
}

function shareOf(part: Cell, whole: Cell, z: number): ShareFigure {
  const share = whole.weight > 0 ? part.weight / whole.weight : null;
  return { share, interval: wilson(share ?? Number.NaN, effective(whole), z), support: whole.support };
}

/** E_q[s_k] where it is known, its distance from the target, and the share of the weight where it is not known. */
export interface AttributeFigure extends ShareFigure {
  /** RB(k) = |target - share|. */
  readonly rb: number | null;
  readonly unknown: number | null;
}

/** Representation of attribute k, at the two-sided normal quantile `z`. */
export function attributeFigure(moments: Moments, k: number, target: number, z: number): AttributeFigure {
  const present = cellOf(moments, columnOf(k, PRESENT));
  const known = sum(present, cellOf(moments, columnOf(k, ABSENT)));
  const all = cellOf(moments, EVERY);
  const figure = shareOf(present, known, z);
  return {
    ...figure,
    rb: figure.share === null ? null : Math.abs(target - figure.share),
    unknown: all.weight > 0 ? Math.max(0, 1 - known.weight / all.weight) : null,
  };
}

/** Share of the examples that carry label r; support is the number of those that do. */
export function labelFigure(moments: Moments, r: number, z: number): ShareFigure {
  const part = cellOf(moments, EVERY, r + 1);
  return { ...shareOf(part, cellOf(moments, EVERY), z), support: part.support };
}

/** Association of attribute k with label r. */
export interface PairFigure {
  /** The least of three counts: examples with the label in which s_k is known, with s_k = 1, with s_k = 0. */
  readonly support: number;
  /** AB(k, r) = |difference|. */
  readonly ab: number | null;
  /** E_q[y_r | s_k = 1] - E_q[y_r | s_k = 0]. */
  readonly difference: number | null;
  /** Of the difference (Newcombe). */
  readonly interval: Interval;
  /** E_q[y_r | s_k = 1] / E_q[y_r | s_k = 0]; null where the latter is 0. */
  readonly ratio: number | null;
  /** E_q[s_k | y_r], where s_k is known. */
  readonly share: number | null;
  /** Of the share (Wilson). */
  readonly shareInterval: Interval;
}

/** Figures of one pair at the two-sided normal quantile `z` (see `twoSidedZ` for many pairs at once). */
export function pairFigure(moments: Moments, k: number, r: number, z: number): PairFigure {
  const group1 = cellOf(moments, columnOf(k, PRESENT));
  const group0 = cellOf(moments, columnOf(k, ABSENT));
  const label1 = cellOf(moments, columnOf(k, PRESENT), r + 1);
  const label0 = cellOf(moments, columnOf(k, ABSENT), r + 1);
  const p1 = group1.weight > 0 ? label1.weight / group1.weight : null;
  const p0 = group0.weight > 0 ? label0.weight / group0.weight : null;
  const difference = p1 === null || p0 === null ? null : p1 - p0;
  const labelled = shareOf(label1, sum(label1, label0), z);
  return {
    support: pairSupport(moments, k, r),
    ab: difference === null ? null : Math.abs(difference),
    difference,
    interval: newcombe(p1 ?? Number.NaN, effective(group1), p0 ?? Number.NaN, effective(group0), z),
    ratio: p1 === null || p0 === null || p0 === 0 ? null : p1 / p0,
    share: labelled.share,
    shareInterval: labelled.interval,
  };
}

/** How an attribute and a label go together, in two other measures. */
export interface MutualFigure {
  /**
   * Normalised pointwise mutual information, ln(p(s, y) / (p(s) p(y))) / -ln p(s, y), over the examples in which s_k is known: 1 where
   * one never comes without the other, 0 where they are independent, -1 where they never come together (Bouma, 2009).
   */
  readonly npmi: number | null;
  /** ln of the odds of y where s_k = 1 over those where s_k = 0, with 0.5 added to each of the four (effective) counts (Haldane, Anscombe). */
  readonly logOdds: number | null;
  /** Of the log-odds (Woolf, 1955). */
  readonly logOddsInterval: Interval | null;
}

/** NPMI and log-odds of one pair, at the two-sided normal quantile `z`. */
export function mutualFigure(moments: Moments, k: number, r: number, z: number): MutualFigure {
  const group1 = cellOf(moments, columnOf(k, PRESENT));
  const group0 = cellOf(moments, columnOf(k, ABSENT));
  const label1 = cellOf(moments, columnOf(k, PRESENT), r + 1);
  const label0 = cellOf(moments, columnOf(k, ABSENT), r + 1);
  if (!(group1.weight > 0 && group0.weight > 0)) return { npmi: null, logOdds: null, logOddsInterval: null };
  const known = group1.weight + group0.weight;
  const both = label1.weight / known;
  const expected = (group1.weight / known) * ((label1.weight + label0.weight) / known);
  const npmi = expected === 0 ? null : both === 0 ? -1 : Math.log(both / expected) / -Math.log(both);
  const [n1, n0] = [effective(group1), effective(group0)];
  const [p1, p0] = [label1.weight / group1.weight, label0.weight / group0.weight];
  const cells = [n1 * p1, n1 * (1 - p1), n0 * p0, n0 * (1 - p0)].map((n) => Math.max(0, n) + 0.5);
  const logOdds = Math.log(cells[0] / cells[1]) - Math.log(cells[2] / cells[3]);
  const half = z * Math.sqrt(cells.reduce((sum, n) => sum + 1 / n, 0));
  return {
    // Rounding may carry it beyond its bounds.
    npmi: npmi === null ? null : Math.min(1, Math.max(-1, npmi)),
    logOdds,
    logOddsInterval: { low: logOdds - half, high: logOdds + half },
  };
}

/** `support` of a PairFigure, without the rest. */
export function pairSupport(moments: Moments, k: number, r: number): number {
  const { support } = moments;
  if (support === null) return 0;
  const absent = columnOf(k, ABSENT);
  const present = columnOf(k, PRESENT);
  const label = (r + 1) * widthOf(moments);
  return Math.min(support[present], support[absent], support[label + present] + support[label + absent]);
}

/** An attribute and a label, by number. */
export interface Pair {
  readonly attribute: number;
  readonly label: number;
}

/** Association over all pairs with enough support. */
export interface AssociationSummary {
  /** Pairs with at least the minimum support, largest AB first (then by attribute and label). At most `worst` of them. */
  readonly worst: readonly (Pair & { readonly ab: number })[];
  readonly ranked: number;
  /** The data set's AB: the largest; null where no pair is ranked. */
  readonly maximum: number | null;
  /** Simultaneous interval of the largest AB: it holds whichever of the ranked pairs is the largest. */
  readonly interval: Interval;
  readonly mean: number | null;
  /** Two-sided normal quantile at which the intervals of all ranked pairs hold at once. */
  readonly z: number;
  readonly unranked: number;
  /** The first of the unranked, by attribute and label. At most `listed` of them. */
  readonly unrankedPairs: readonly (Pair & { readonly support: number })[];
}

/** What is ranked and listed, and at which confidence in (0, 1). */
export interface AssociationOptions {
  readonly minimumSupport: number;
  readonly confidence: number;
  readonly worst: number;
  readonly listed: number;
}

/** Ranks the m c pairs by AB; those under the minimum support are only listed. */
export function association(moments: Moments, options: AssociationOptions): AssociationSummary {
  const { attributes: m, labels: c } = moments;
  const differences = new Float64Array(m * c);
  const unrankedPairs: (Pair & { support: number })[] = [];
  const ranked: number[] = [];
  let total = 0;
  for (let pair = 0; pair < m * c; pair++) {
    const attribute = Math.floor(pair / c);
    const label = pair % c;
    const support = pairSupport(moments, attribute, label);
    const ab = support > 0 && support >= options.minimumSupport ? pairFigure(moments, attribute, label, 0).ab : null;
    if (ab !== null) {
      ranked.push(pair);
      differences[pair] = ab;
      total += ab;
    } else if (unrankedPairs.length < options.listed) unrankedPairs.push({ attribute, label, support });
  }
  const z = twoSidedZ(options.confidence, ranked.length);
  let low = 0;
  let high = 0;
  for (const pair of ranked) {
    const interval = magnitude(pairFigure(moments, Math.floor(pair / c), pair % c, z).interval);
    low = Math.max(low, interval.low);
    high = Math.max(high, interval.high);
  }
  const worst = ranked.sort((a, b) => differences[b] - differences[a] || a - b).slice(0, options.worst);
  return {
    worst: worst.map((pair) => ({ attribute: Math.floor(pair / c), label: pair % c, ab: differences[pair] })),
    ranked: ranked.length,
    maximum: worst.length === 0 ? null : differences[worst[0]],
    interval: ranked.length === 0 ? { low: 0, high: 1 } : { low, high: Math.min(1, high) },
    mean: ranked.length === 0 ? null : total / ranked.length,
    z,
    unranked: m * c - ranked.length,
    unrankedPairs,
  };
}
