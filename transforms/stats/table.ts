/** The report as a short table for a terminal: what came of it in sentences, then the figures. */
import type { Certificate, Report, StageReport } from '../../schemas/report.js';
import { columns, printable, wrap } from './layout.js';

/** Ours: what is listed of violations and problems; report.json has more. */
const LISTED = 3;

export function count(rows: number): string {
  return String(Math.round(rows)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function figure(x: number | null): string {
  return x === null ? '-' : x.toFixed(4);
}

export function percent(x: number | null): string {
  return x === null ? '-' : `${(100 * x).toFixed(1)} %`;
}

export function short(x: number): string {
  return String(Number(x.toPrecision(6)));
}

export function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${figure(low)} to ${figure(high)}`;
}

export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

function violations({ violated, violation }: Certificate): string {
  const worst = violated.slice(0, LISTED).map(({ attribute, label, violation }) => {
    const name = label === null ? printable(attribute) : `${printable(attribute)} with ${printable(label)}`;
    return `${name} by ${short(violation)}`;
  });
  const more = violated.length > LISTED ? `, and ${violated.length - LISTED} more` : '';
  return violated.length === 0 ? `in sum by ${short(violation)}` : `${worst.join(', ')}${more}`;
}

function verdict({ certificate, bias }: Report): string {
  if (certificate === null) return 'Nothing was balanced: these are the figures of the data as they are.';
  const balanced = bias.find(({ stage }) => stage === 'balanced');
  const change =
    balanced === undefined
      ? ''
      : `: RB ${figure(bias[0].rb)} to ${figure(balanced.rb)}, AB ${figure(bias[0].ab)} to ${figure(balanced.ab)}`;
  const { feasible, rate, largestFeasibleRate, violated } = certificate;
  if (feasible === null) {
    return `NOT balanced within tolerance at rate ${short(rate)}; whether this rate allows it is not known, for there are too many patterns to tell. Violated: ${violations(certificate)}.`;
  }
  if (!feasible) {
    const largest = largestFeasibleRate === null ? '' : ` The largest feasible rate is ${short(largestFeasibleRate)}.`;
    return `NOT balanced within tolerance: at rate ${short(rate)} not every constraint can be met.${largest} Violated: ${violations(certificate)}.`;
  }
  if (violated.length > 0) {
    return `NOT balanced within tolerance, although rate ${short(rate)} allows it: a larger penalty or an exact fit comes closer. Violated: ${violations(certificate)}.`;
  }
  return `Balanced within tolerance at rate ${short(rate)}${change}.`;
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

function pairTable({ pairs }: Report, width: number): string[] {
  if (pairs.length === 0) return [];
  const lines = pairs.map(({ attribute, label, raw, balanced }) => [
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
        `effective sample size ${count(weights.ess)} of ${count(weights.rows)} (design effect ${weights.designEffect === null ? '-' : weights.designEffect.toFixed(2)}).`,
    );
  }
  if (certificate !== null) {
    const { fit, steps, primal, dual, gap, violation } = certificate;
    sentences.push(
      `Certificate (${fit} fit, ${plural(steps, 'step')}): primal ${short(primal)}, dual ${short(dual)}, relative gap ${gap.toExponential(1)}, violation ${short(violation)}.`,
    );
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
  const summary = `${verdict(report)} Of ${count(rows.read)} rows read, ${count(rows.kept)} are kept.`;
  const explained = `RB and AB are the largest of any attribute or pair; intervals hold at ${percent(options.confidence)}, that of AB for all ranked pairs at once.`;
  return [
    ...wrap(summary, width),
    '',
    ...rowsTable(report, width),
    '',
    ...biasTable(report, width),
    '',
    ...(bias[0].attributes.length === 0 ? [] : attributeTable(report, width)),
    ...pairTable(report, width),
    '',
    ...[...notes(report), explained].flatMap((sentence) => wrap(sentence, width)),
  ];
}
