/** evaluation.json as the lines of a terminal. */
import type { Evaluation, TagBias, TagFigures, TagSlice } from '../../schemas/evaluation.js';
import { count, level, percent, percentRange, plural } from './format.js';
import { columns, printable, wrap } from './layout.js';

/** Values of a slicing that are listed here, ours; evaluation.json has all. */
const LISTED_SLICES = 12;

type Attribute = Evaluation['attributes'][number];
type Rate = TagFigures['coverage'];

const rate = ({ value, interval }: Rate) => (value === null ? '-' : `${percent(value)} (${percentRange(interval)})`);

/** A difference in points of percent. */
function points({ value, interval }: TagBias['error']): string {
  if (value === null) return '-';
  const of = (x: number) => `${x > 0 ? '+' : ''}${(100 * x).toFixed(1)}`;
  return `${of(value)} (${of(interval.low)} to ${of(interval.high)})`;
}

function surely({ value, interval }: TagBias['error']): string {
  if (value === null) return 'too few rows to tell';
  return interval.low > 0 || interval.high < 0 ? 'surely biased' : 'within what chance gives';
}

function verdict({
  attribute,
  labelled,
  unlabelled,
  coverage,
  accuracy,
  falseNegatives,
  falsePositives,
  bias,
}: Attribute) {
  const name = printable(attribute);
  const without = unlabelled > 0 ? `, ${count(unlabelled)} more without a truth` : '';
  return [
    `${name}: of ${plural(labelled, 'labelled row')}${without}, ${rate(coverage)} are tagged; of those ${rate(accuracy)} are right.`,
    `Error by group: ${rate(falseNegatives)} of the present are tagged absent, ${rate(falsePositives)} of the absent present; difference ${points(bias.error)}: ${surely(bias.error)}. Coverage of the present less that of the absent: ${points(bias.coverage)}: ${surely(bias.coverage)}.`,
  ].join(' ');
}

function confusionTable({ attribute, confusion, present, absent }: Attribute, width: number): string[] {
  const line = (truth: string, of: TagFigures['confusion']['present'], figures: TagFigures['present']) => [
    truth,
    count(of.present),
    count(of.absent),
    count(of.unknown),
    rate(figures.precision),
    rate(figures.recall),
  ];
  return columns(
    [
      [`Truth of ${printable(attribute)}`, 'tagged present', 'absent', 'unknown', 'precision', 'recall'],
      line('present', confusion.present, present),
      line('absent', confusion.absent, absent),
    ],
    'lrrrrr',
    width,
  );
}

function sliceTable(attribute: string, name: string, slices: readonly TagSlice[], width: number): string[] {
  const heading = [
    `${printable(attribute)} by ${printable(name)}`,
    'labelled',
    'coverage',
    'false neg.',
    'to the rest',
    'false pos.',
    'to the rest',
  ];
  const lines = slices
    .slice(0, LISTED_SLICES)
    .map(({ value, labelled, coverage, falseNegatives, falsePositives, toRest }) => [
      value === null ? 'no value' : printable(value),
      count(labelled),
      percent(coverage.value),
      percent(falseNegatives.value),
      points(toRest.falseNegatives),
      percent(falsePositives.value),
      points(toRest.falsePositives),
    ]);
  const more = slices.length - LISTED_SLICES;
  return [
    '',
    ...columns([heading, ...lines], 'lrrrrrr', width),
    ...(more > 0 ? [`${plural(more, 'value')} more in evaluation.json.`] : []),
  ];
}

/** Lines of at most `width` (60 or more) characters, without colour and without line ends. */
export function renderEvaluation({ attributes, rows, confidence }: Evaluation, width: number): string[] {
  const dropped = Object.entries(rows.dropped).map(([reason, n]) => `${count(n)} ${printable(reason)}`);
  const left = dropped.length > 0 ? `; not counted: ${dropped.join(', ')}` : '';
  return [
    ...attributes.flatMap((of) => [
      ...wrap(verdict(of), width),
      '',
      ...confusionTable(of, width),
      ...of.slicings.flatMap(({ name, slices }) => sliceTable(of.attribute, name, slices, width)),
      '',
    ]),
    ...wrap(
      `${plural(rows.read, 'row')} read, ${count(rows.kept)} counted${left}. Intervals hold at ${level(confidence)}, those to the rest for all values of a slicing at once, and take rows for independent.`,
      width,
    ),
  ];
}
