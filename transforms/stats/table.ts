/** The report as a short table for a terminal: what came of it in sentences, then the figures. */
import type { Text } from '../../schemas/page.js';
import type { PairReport, Report, StageReport } from '../../schemas/report.js';
import { verdict } from './answer.js';
import { count, figure, percent, percentRange, plural, range, ratio, short } from './format.js';
import { columns, printable, wrap } from './layout.js';

/** Ours: what is listed of problems; report.json has more. */
const LISTED = 3;

/** A sentence on one line; its names are escaped. */
export function plainText(text: Text): string {
  return text.map((part) => (typeof part === 'string' ? part : printable(part.name))).join('');
}

function rowsTable({ rows }: Report, width: number): string[] {
  const share = (n: number) => percent(rows.read === 0 ? null : n / rows.read);
  const line = (name: string, n: number) => [name, count(n), share(n)];
  const dropped = Object.entries(rows.dropped).map(([reason, n]) => line(`dropped: ${printable(reason)}`, n));
  const written = rows.written === rows.kept ? [] : [['written, with copies', count(rows.written), '']];
  const table = [['Rows', 'rows', 'of read'], line('read', rows.read), ...dropped, line('kept', rows.kept), ...written];
  return columns(table, 'lrr', width);
}

export function biasTable({ bias }: Pick<Report, 'bias'>, width: number): string[] {
  const worstPair = ({ association: { attribute, label } }: StageReport) => {
    return attribute === null || label === null ? '-' : `${printable(attribute)}, ${printable(label)}`;
  };
  const lines = bias.map((stage) => [
    printable(stage.stage),
    count(stage.rows),
    count(stage.ess),
    figure(stage.rb),
    figure(stage.ab),
    range(stage.association.interval),
    figure(stage.association.mean),
    worstPair(stage),
  ]);
  return columns(
    [['Bias', 'rows', 'ESS', 'RB', 'AB', 'interval', 'mean AB', 'worst pair'], ...lines],
    'lrrrrrrl',
    width,
  );
}

export function attributeTable({ bias }: Pick<Report, 'bias'>, width: number, changed = 'balanced'): string[] {
  const raw = bias[0];
  const after = bias.find(({ stage }) => stage === changed) ?? bias[bias.length - 1];
  const lines = raw.attributes.map((before, k) => {
    const { share, interval, support, unknown } = after.attributes[k];
    return [
      printable(before.attribute),
      figure(before.target),
      figure(before.share),
      figure(share),
      range(interval),
      count(support),
      percent(unknown),
    ];
  });
  const heading = ['Attribute', 'target', 'raw', printable(after.stage), 'interval', 'known', 'unknown'];
  return columns([heading, ...lines], 'lrrrrrr', width);
}

/** How far each two sources of an attribute agree. */
export function agreementTables({ agreement = [] }: Pick<Report, 'agreement'>, width: number): string[] {
  return agreement.flatMap(({ attribute, pairs }) => {
    if (pairs.length === 0) return [];
    const lines = pairs.map(({ source, other, known, agreement, interval, kappa, first, second }) => [
      `${printable(source)}, ${printable(other)}`,
      count(known),
      percent(agreement),
      known === 0 ? '-' : percentRange(interval),
      ratio(kappa),
      count(first),
      count(second),
    ]);
    const heading = [
      `Sources of ${printable(attribute)}`,
      'both say',
      'agree',
      'interval',
      'kappa',
      'first only',
      'second only',
    ];
    return ['', ...columns([heading, ...lines], 'lrrrrrr', width)];
  });
}

/** The worst raw, and after them those among the worst after balancing only. */
function worstPairs(pairs: readonly PairReport[], worst: number): PairReport[] {
  const byBalanced = [...pairs].sort((a, b) => (b.balanced?.ab ?? 0) - (a.balanced?.ab ?? 0));
  return [...new Set([...pairs.slice(0, worst), ...byBalanced.slice(0, worst)])];
}

function pairTable({ pairs, options }: Report, width: number): string[] {
  if (pairs.length === 0) return [];
  const lines = worstPairs(pairs, options.worst).map(({ attribute, label, raw, balanced }) => [
    `${printable(attribute)}, ${printable(label)}`,
    count(raw.support),
    figure(raw.ab),
    figure(balanced?.ab ?? null),
    figure(raw.ratio),
    figure(balanced?.ratio ?? null),
    figure(raw.share),
    figure(balanced?.share ?? null),
  ]);
  const heading = ['Worst pairs', 'support', 'AB raw', 'balanced', 'ratio raw', 'balanced', 'share raw', 'balanced'];
  return ['', ...columns([heading, ...lines], 'lrrrrrrr', width)];
}

function notes({ certificate, weights, unranked, options, problems }: Report): string[] {
  const sentences: string[] = [];
  if (weights !== null) {
    sentences.push(
      `Weights: mean ${figure(weights.mean)}, ${percent(weights.zeroShare)} at 0, ${percent(weights.maximumShare)} at the maximum of ${short(weights.maximum)}; ` +
        `effective sample size ${count(weights.ess)} of ${count(weights.rows)} (design effect ${ratio(weights.designEffect)}).`,
    );
  }
  if (certificate !== null) {
    const { fit, steps, primal, dual, gap, violation, rounding = [] } = certificate;
    sentences.push(
      `Certificate (${fit} fit, ${plural(steps, 'step')}): primal ${short(primal)}, dual ${short(dual)}, relative gap ${gap.toExponential(1)}, violation ${short(violation)}.`,
    );
    const errors = rounding.map(({ attribute, error }) => `${attribute} ${short(error)}`);
    if (errors.length > 0) {
      sentences.push(`Probabilities are rounded to 1/64, which moves no moment by more than: ${errors.join(', ')}.`);
    }
  }
  if (unranked.count > 0) {
    sentences.push(
      `${plural(unranked.count, 'pair')} with a support under ${options.minimumSupport} in the raw data ${unranked.count === 1 ? 'is' : 'are'} listed in report.json and not ranked.`,
    );
  }
  if (problems.count > 0) {
    const listed = problems.list.slice(0, LISTED).map((p) => `${printable(p.file)}: ${printable(p.message)}`);
    sentences.push(`${plural(problems.count, 'problem')} in the input: ${listed.join(' ')}`);
  }
  return sentences;
}

/**
 * Lines of at most `width` (60 or more) characters, without colour and without line ends. Names are escaped, so that none of
 * them can drive the terminal.
 */
export function renderReport(report: Report, width: number): string[] {
  const { rows, bias, options } = report;
  const summary = `${plainText(verdict(report))} Of ${count(rows.read)} rows read, ${count(rows.kept)} are kept.`;
  const explained = `RB and AB are the largest of any attribute or pair; intervals hold at ${percent(options.confidence)}, that of AB for all ranked pairs at once.`;
  return [
    ...wrap(summary, width),
    '',
    ...rowsTable(report, width),
    '',
    ...biasTable(report, width),
    '',
    ...(bias[0].attributes.length === 0 ? [] : attributeTable(report, width)),
    ...agreementTables(report, width),
    ...pairTable(report, width),
    '',
    ...[...notes(report), explained].flatMap((sentence) => wrap(sentence, width)),
  ];
}
