/** What `diff` found, as a table for a terminal: the answer first. Names are escaped. */
import type { Diff, Drift } from '../../schemas/stats-diff.js';
import { count, figure, plural, short } from './format.js';
import { columns, printable, wrap } from './layout.js';

/** Ours: figures that are listed; --json has all. */
const LISTED = 20;
const LISTED_NAMES = 5;

function nameOf({ set, stage, figure: kind, attribute, label }: Drift): string {
  const of = [attribute, label].filter((name) => name !== null).map(printable);
  return `${printable(set)}, ${printable(stage)}: ${kind}${of.length === 0 ? '' : ` of ${of.join(' with ')}`}`;
}

function tableOf(figures: readonly Drift[], width: number): string[] {
  const lines = figures.map((drift) => [
    nameOf(drift),
    figure(drift.before),
    figure(drift.after),
    figure(drift.difference),
    count(Math.min(drift.supportBefore, drift.supportAfter)),
    drift.z.toFixed(2),
    drift.q.toExponential(1),
  ]);
  return columns([['Figure', 'before', 'after', 'difference', 'support', 'z', 'q'], ...lines], 'lrrrrrr', width);
}

function onlyLine(side: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > LISTED_NAMES ? `, and ${names.length - LISTED_NAMES} more` : '';
  return [`Only ${side}: ${names.slice(0, LISTED_NAMES).map(printable).join(', ')}${more}.`];
}

/** Lines of at most `width` (60 or more) characters, without colour and without line ends. */
export function renderDiff(diff: Diff, width: number): string[] {
  const { before, after, tested, untested, drifted, falseDiscoveryRate, leastDifference } = diff;
  const what = `at a false discovery rate of ${short(falseDiscoveryRate)}${leastDifference > 0 ? ` and a difference of at least ${short(leastDifference)}` : ''}`;
  const answer =
    drifted === 0
      ? `No drift: none of ${plural(tested, 'figure')} differs ${what}.`
      : `Drift: ${count(drifted)} of ${plural(tested, 'figure')} ${drifted === 1 ? 'differs' : 'differ'} ${what}.`;
  const sides = `${printable(before.path)} (${plural(before.rows, 'row')}) against ${printable(after.path)} (${plural(after.rows, 'row')}).`;
  const figures = diff.figures.filter((f) => f.drifted);
  const notes = [
    ...(figures.length > LISTED ? [`${plural(figures.length - LISTED, 'figure')} more with --json.`] : []),
    ...(untested > 0 ? [`${plural(untested, 'figure')} without the minimum support on both sides: not tested.`] : []),
    ...onlyLine('before', diff.onlyBefore),
    ...onlyLine('after', diff.onlyAfter),
  ];
  return [
    ...wrap(`${answer} ${sides}`, width),
    ...(figures.length === 0 ? [] : ['', ...tableOf(figures.slice(0, LISTED), width)]),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((note) => wrap(note, width))]),
  ];
}
