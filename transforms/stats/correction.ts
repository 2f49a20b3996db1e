/**
 * RB and AB corrected for the errors of a tagger, from its confusion matrix: matrix inversion, with intervals by the delta method.
 *
 * s is the truth, t what the tagger says, both where it says something; a = P(t = 1 | s = 1) and b = P(t = 1 | s = 0) come from an evaluation,
 * and are taken not to depend on the label. Of rows that are counted once each, with the label or without it,
 *
 *     [n(t = 1), n(t = 0)] = [[a, b], [1 - a, 1 - b]] [n(s = 1), n(s = 0)]
 *
 * which is inverted. Weights follow what the tagger said, so that the matrix is another under them. There P(s | t, label) of the unweighted
 * rows stands instead, and the weight of the rows with s is the sum over t of the weight of t times P(s | t, label).
 */
import type { Interval } from './intervals.js';

/** What was seen of some rows in which the attribute is told: shares. */
export interface Observed {
  /** Of the rows, those tagged present. */
  readonly present: number;
  /** Of the rows tagged present, those with the label. */
  readonly labelPresent: number;
  /** Of the rows tagged absent, those with the label. */
  readonly labelAbsent: number;
}

/** P(tagged present | truly present) and P(tagged present | truly absent). */
export interface ErrorRates {
  readonly a: number;
  readonly b: number;
}

/** Share of the total that is truly present, of what is tagged present (x1) and absent (x0). Not bounded where the matrix does not fit. */
function invert(x1: number, x0: number, { a, b }: ErrorRates): number {
  return ((1 - b) * x1 - b * x0) / (a - b);
}

/** What is truly present of w1, tagged present, and w0, tagged absent, where x1 and x0 are the same without weights. */
function reweigh(w1: number, w0: number, x1: number, x0: number, rates: ErrorRates): number {
  const truly = invert(x1, x0, rates);
  return (x1 > 0 ? (w1 * rates.a * truly) / x1 : 0) + (x0 > 0 ? (w0 * (1 - rates.a) * truly) / x0 : 0);
}

/** The share that is truly present; weights are taken to follow the tag alone here, as no one label can stand for all. @param weighted share of the weight tagged present; left out: rows count once */
export function correctedShare(present: number, rates: ErrorRates, weighted?: number): number {
  if (weighted === undefined) return invert(present, 1 - present, rates);
  return reweigh(weighted, 1 - weighted, present, 1 - present, rates);
}

/** E[label | s = 1] - E[label | s = 0]; NaN where one of them is of no rows, or of less than none. */
export function correctedDifference(seen: Observed, rates: ErrorRates, weighted?: Observed): number {
  const cells = (of: Observed, label: boolean) => {
    const share = (x: number) => (label ? x : 1 - x);
    return [of.present * share(of.labelPresent), (1 - of.present) * share(of.labelAbsent)] as const;
  };
  const truly = (label: boolean) => {
    const [x1, x0] = cells(seen, label);
    if (weighted === undefined) return [invert(x1, x0, rates), x1 + x0] as const;
    const [w1, w0] = cells(weighted, label);
    return [reweigh(w1, w0, x1, x0, rates), w1 + w0] as const;
  };
  const [with1, with_] = truly(true);
  const [without1, without] = truly(false);
  const [n1, n0] = [with1 + without1, with_ - with1 + without - without1];
  return n1 > 0 && n0 > 0 ? with1 / n1 - (with_ - with1) / n0 : Number.NaN;
}

/** A share that was estimated from `of` rows (or as many effective ones), independent of the others. */
export interface Estimated {
  readonly share: number;
  readonly of: number;
}

/** Variance of a share; a little is added to each side (Agresti, Coull, 1998), so that none is taken for sure because nothing else was seen. */
function variance({ share, of }: Estimated, z: number): number {
  const n = of + z * z;
  const moved = (of * share + (z * z) / 2) / n;
  return (moved * (1 - moved)) / n;
}

const STEP = 1e-5;

/** Limits of f of some estimated shares: the delta method, its derivatives by differences; `z` is the two-sided normal quantile. */
export function deltaInterval(f: (shares: readonly number[]) => number, of: readonly Estimated[], z: number): Interval {
  const shares = of.map(({ share }) => share);
  const value = f(shares);
  const spread = of.reduce((sum, one, i) => {
    const at = (share: number) => f(shares.with(i, share));
    const [low, high] = [Math.max(0, one.share - STEP), Math.min(1, one.share + STEP)];
    const slope = (at(high) - at(low)) / (high - low);
    return sum + slope * slope * variance(one, z);
  }, 0);
  const half = z * Math.sqrt(spread);
  return { low: value - half, high: value + half };
}
