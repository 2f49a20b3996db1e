/** The report of `stats` as tables for a terminal: the answer in sentences, then the figures. Names are escaped. */
import type { StageReport } from '../../schemas/report.js';
import type { Slicing, StatsModel, StatsPair, StatsReport, StatsSet } from '../../schemas/stats-report.js';
import { count, figure, percent, plural, range, short } from './format.js';
import { columns, printable, wrap } from './layout.js';
import { agreementTables, attributeTable, biasTable } from './table.js';

/** Ours: what is listed here of slices, words and problems; report.json has more. */
const LISTED_SLICES = 8;
const LISTED_WORDS = 6;
const LISTED_PROBLEMS = 3;
/** Quantiles that are told, by probability. */
const TOLD_QUANTILES = [0.05, 0.5, 0.95];

/** The least AB that the intervals of all pairs at once leave open. */
function verdict(name: string, stage: StageReport): string {
  const { value, attribute, label, interval, mean, ranked } = stage.association;
  const widest = stage.attributes.reduce<(typeof stage.attributes)[number] | undefined>(
    (worst, a) => (a.rb !== null && a.rb > (worst?.rb ?? -1) ? a : worst),
    undefined,
  );
  const rb =
    widest === undefined
      ? 'no attribute is known in any row'
      : `RB ${figure(widest.rb)} (${printable(widest.attribute)}: ${figure(widest.share)}, ${range(widest.interval)}, target ${figure(widest.target)})`;
  const sure = interval.low > 0 ? 'surely biased' : 'within what chance gives';
  const ab =
    value === null || attribute === null || label === null
      ? 'no pair has enough support for an AB'
      : `AB ${figure(value)} (${printable(attribute)} with ${printable(label)}, ${range(interval)}: ${sure}), mean ${figure(mean)} of ${plural(ranked, 'pair')}`;
  return `${printable(name)}, ${printable(stage.stage)}: ${rb}; ${ab}.`;
}

function rowsTable({ rows }: StatsSet, width: number): string[] {
  const line = (name: string, n: number) => [name, count(n), percent(rows.read === 0 ? null : n / rows.read)];
  const dropped = Object.entries(rows.dropped).map(([reason, n]) => line(`dropped: ${printable(reason)}`, n));
  return columns(
    [['Rows', 'rows', 'of read'], line('read', rows.read), ...dropped, line('kept', rows.kept)],
    'lrr',
    width,
  );
}

/** Pairs in their last stage but the random one, and raw beside it where that is another. */
function pairTable(pairs: readonly StatsPair[], stages: readonly string[], shown: number, width: number): string[] {
  if (pairs.length === 0) return [];
  const last = stages.findLastIndex((stage) => stage !== 'random');
  const isOther = last > 0;
  const lines = pairs.slice(0, shown).map(({ attribute, label, figures }) => {
    const [raw, after] = [figures[0], figures[last]];
    return [
      `${printable(attribute)}, ${printable(label)}`,
      count(raw.support),
      figure(raw.ab),
      ...(isOther ? [figure(after.ab)] : []),
      figure(raw.difference),
      range(raw.interval),
      figure(raw.ratio),
      figure(raw.npmi),
      figure(raw.logOdds),
      figure(raw.share),
    ];
  });
  const heading = [
    'Worst pairs',
    'support',
    `AB ${printable(stages[0])}`,
    ...(isOther ? [printable(stages[last])] : []),
    'difference',
    'interval',
    'ratio',
    'NPMI',
    'log-odds',
    'share',
  ];
  return ['', ...columns([heading, ...lines], `l${'r'.repeat(heading.length - 1)}`, width)];
}

function slicingTable({ name, slices, other, missing, sampling }: Slicing, width: number): string[] {
  const line = (value: string, rows: number, bias: readonly StageReport[]) => [
    value,
    count(rows),
    ...bias.flatMap(({ rb, ab }) => [figure(rb), figure(ab)]),
  ];
  const shown = slices.slice(0, LISTED_SLICES);
  const rest = slices.length - shown.length;
  const first = shown[0]?.bias ?? missing?.bias ?? [];
  const heading = [`By ${printable(name)}`, 'rows', ...first.flatMap(({ stage }) => [`RB ${printable(stage)}`, 'AB'])];
  const lines = [
    ...shown.map(({ value, rows, bias }) => line(printable(value), rows, bias)),
    ...(other === null ? [] : [line(`other (${plural(other.values, 'value')})`, other.rows, other.bias)]),
    ...(missing === null ? [] : [line('no value', missing.rows, missing.bias)]),
  ];
  const notes = [
    ...(rest > 0 ? [`${plural(rest, 'value')} more in report.json.`] : []),
    ...(sampling.rate < 1
      ? [`Too many values: these are of ${count(sampling.rows)} rows, sampled at the rate ${short(sampling.rate)}.`]
      : []),
  ];
  return ['', ...columns([heading, ...lines], `l${'r'.repeat(heading.length - 1)}`, width), ...notes];
}

function distributionTable({ distributions }: StatsSet, width: number): string[] {
  if (distributions.length === 0) return [];
  const lines = distributions.map(({ name, unit, stage, rows, missing, mean, quantiles }) => [
    `${printable(name)}${unit === '' ? '' : `, ${unit}`}`,
    printable(stage),
    count(rows),
    count(missing),
    ...TOLD_QUANTILES.map((p) => {
      const found = quantiles.find(({ probability }) => probability === p);
      return found === undefined ? '-' : String(Number(found.value.toPrecision(3)));
    }),
    mean === null ? '-' : String(Number(mean.toPrecision(3))),
  ]);
  const heading = ['Distribution', 'stage', 'rows', 'none', ...TOLD_QUANTILES.map((p) => `${p * 100} %`), 'mean'];
  return ['', ...columns([heading, ...lines], 'llrrrrrr', width)];
}

function wordLines({ words }: StatsSet, width: number): string[] {
  if (words === null) return [];
  const list = (some: readonly { readonly word: string; readonly z: number }[]) =>
    some
      .slice(0, LISTED_WORDS)
      .map(({ word, z }) => `${printable(word)} (${z.toFixed(1)})`)
      .join(', ') || 'none';
  return words.attributes.flatMap(({ attribute, present, absent }) => [
    '',
    ...wrap(
      `Words with ${printable(attribute)} (z of the log-odds): ${list(present)}; without: ${list(absent)}.`,
      width,
    ),
  ]);
}

function coOccurrenceTable({ coOccurrence, bias }: StatsSet, width: number): string[] {
  const raw = coOccurrence.filter(({ stage }) => stage === bias[0].stage);
  if (raw.length === 0) return [];
  const lines = raw.map(({ attribute, other, both, first, second, neither, phi }) => [
    `${printable(attribute)}, ${printable(other)}`,
    ...[both, first, second, neither].map(count),
    figure(phi),
  ]);
  return [
    '',
    ...columns([['Attributes together', 'both', 'first', 'second', 'neither', 'phi'], ...lines], 'lrrrrr', width),
  ];
}

function setNotes({ weights, unranked, problems }: StatsSet, minimumSupport: number): string[] {
  const sentences: string[] = [];
  if (weights !== null) {
    const { column, rows, mean, maximum, zeroShare, ess, designEffect } = weights;
    sentences.push(
      `Weights of ${printable(column)}: mean ${short(mean ?? 0)}, largest ${short(maximum)}, ${percent(zeroShare)} at 0; effective sample size ${count(ess)} of ${count(rows)} (design effect ${designEffect === null ? '-' : designEffect.toFixed(2)}).`,
    );
  }
  if (unranked.count > 0) {
    sentences.push(
      `${plural(unranked.count, 'pair')} with a support under ${minimumSupport} in the raw data ${unranked.count === 1 ? 'is' : 'are'} listed in report.json and not ranked.`,
    );
  }
  if (problems.count > 0) {
    const listed = problems.list.slice(0, LISTED_PROBLEMS).map((p) => `${printable(p.file)}: ${printable(p.message)}`);
    sentences.push(`${plural(problems.count, 'problem')} in the input: ${listed.join(' ')}`);
  }
  return sentences;
}

function setLines(set: StatsSet, { options, sets }: StatsReport, width: number): string[] {
  const notes = setNotes(set, options.minimumSupport);
  return [
    '',
    ...(sets.length > 1 ? [`${printable(set.name)}:`, ''] : []),
    ...rowsTable(set, width),
    '',
    ...biasTable(set, width),
    '',
    ...attributeTable(set, width, 'weighted'),
    ...pairTable(set.pairs, set.pairStages, options.worst, width),
    ...coOccurrenceTable(set, width),
    ...agreementTables(set, width),
    ...set.slicings.flatMap((slicing) => slicingTable(slicing, width)),
    ...distributionTable(set, width),
    ...wordLines(set, width),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((sentence) => wrap(sentence, width))]),
  ];
}

function modelLines(
  { name, rows, predicts, representation, bias, pairs }: StatsModel,
  worst: number,
  width: number,
): string[] {
  const lines = representation.map(({ attribute, target, share, interval, support, rb }) => [
    printable(attribute),
    figure(target),
    figure(share),
    range(interval),
    count(support),
    figure(rb),
  ]);
  const heading = ['Predicted attribute', 'target', 'mean', 'interval', 'rows', 'RB'];
  return [
    '',
    `Model ${printable(name)}: ${plural(rows, 'prediction')} (${predicts})`,
    '',
    ...biasTable({ bias }, width),
    ...(lines.length === 0 ? [] : ['', ...columns([heading, ...lines], 'lrrrrr', width)]),
    ...pairTable(pairs, ['model'], worst, width),
  ];
}

/** Lines of at most `width` (60 or more) characters, without colour and without line ends. */
export function renderStats(report: StatsReport, width: number): string[] {
  const { sets, models, options } = report;
  const answers = sets.flatMap((set) => {
    const [raw] = set.bias;
    const last = set.bias.findLast(({ stage }) => stage !== 'random')!;
    return last === raw ? [verdict(set.name, raw)] : [verdict(set.name, raw), verdict(set.name, last)];
  });
  const explained = `RB and AB are the largest of any attribute or pair; intervals hold at ${percent(options.confidence)}, those of pairs for all ranked pairs at once.`;
  return [
    ...[...answers, ...models.map((model) => verdict(model.name, model.bias[0]))].flatMap((text) => wrap(text, width)),
    ...sets.flatMap((set) => setLines(set, report, width)),
    ...models.flatMap((model) => modelLines(model, options.worst, width)),
    '',
    ...wrap(explained, width),
  ];
}
