/** The parts of a page that only a report of `stats` has: slices, distributions, words, attributes and labels together. */
import type { Block, Cell, Estimate, Figure, Table } from '../../../schemas/page.js';
import type { StageReport } from '../../../schemas/report.js';
import type { Distribution, Sampling, Slicing, StatsPair, StatsSet } from '../../../schemas/stats-report.js';
import { count, plural, short } from '../format.js';

/** Ours: lines of an interval plot. */
const SLICE_LINES = 20;
/** Quantiles that are told, by probability. */
const TOLD_QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];

function sampled({ rate, rows }: Sampling): string {
  return rate < 1
    ? ` Of a sample of ${count(rows)} rows, at the rate ${short(rate)}: there are too many values for all.`
    : '';
}

interface Line {
  readonly value: string;
  readonly rows: number;
  readonly bias: readonly StageReport[];
}

function linesOf({ slices, other, missing }: Slicing): Line[] {
  return [
    ...slices,
    ...(other === null ? [] : [{ ...other, value: `(other: ${plural(other.values, 'value')})` }]),
    ...(missing === null ? [] : [{ ...missing, value: '(no value)' }]),
  ];
}

function sliceTable(id: string, slicing: Slicing, lines: readonly Line[]): Table {
  const stages = lines[0].bias.map(({ stage }) => stage);
  return {
    kind: 'table',
    id,
    caption: `By ${slicing.name}, the most rows first.${sampled(slicing.sampling)}`,
    columns: [
      { heading: slicing.name, kind: 'name' },
      { heading: 'rows', kind: 'count' },
      ...stages.flatMap((group) => [
        { heading: 'RB', kind: 'figure' as const, group },
        { heading: 'AB', kind: 'figure' as const, group },
        { heading: 'interval', kind: 'range' as const, group },
        { heading: 'worst label', kind: 'name' as const, group },
      ]),
    ],
    rows: lines.map(({ value, rows, bias }) => [
      value,
      rows,
      ...bias.flatMap(({ rb, ab, association: { interval, label } }): Cell[] => [
        rb,
        ab,
        ab === null ? null : [interval.low, interval.high],
        label,
      ]),
    ]),
  };
}

/** AB by the values of a slicing, with intervals, and the table. */
export function sliceBlocks(id: string, slicing: Slicing): Block[] {
  const lines = linesOf(slicing);
  if (lines.length === 0) return [];
  const estimates = lines
    .slice(0, SLICE_LINES)
    .flatMap(({ value, bias }) =>
      bias.flatMap(({ stage, ab, association: { interval } }): Estimate[] =>
        ab === null ? [] : [{ name: value, series: stage, value: ab, ...interval }],
      ),
    );
  const table = sliceTable(id, slicing, lines);
  if (estimates.length === 0) return [table];
  const title = `AB by ${slicing.name}`;
  const description = [
    'The largest association in each part of the data; a line is its interval. Where no pair has enough support, there is none.',
  ];
  const plot = { type: 'intervals' as const, estimates, axis: 'AB' };
  return [{ kind: 'figure', id: `${id}-intervals`, title, description, plot }, table];
}

/** Rows by value, where the bins allow a picture. */
function histogram(id: string, { name, unit, rows, missing, bins }: Distribution): Figure | undefined {
  const shown = bins.filter(({ low, high }) => low < high);
  if (shown.length < 2) return undefined;
  const logarithmic = shown.every(({ low }) => low > 0);
  const exact = bins.find(({ low, high }) => low === high);
  const zero =
    exact === undefined
      ? ''
      : ` ${plural(exact.rows, 'row')} with exactly ${short(exact.low)} ${exact.rows === 1 ? 'is' : 'are'} left out.`;
  return {
    kind: 'figure',
    id,
    title: unit === '' || unit === name ? name : `${name} (${unit})`,
    description: [`${plural(rows, 'row')} with a value, ${count(missing)} without.${zero}`],
    plot: {
      type: 'histogram',
      bins: shown,
      points: [],
      axis: name,
      ...(logarithmic && { logarithmic: true as const }),
    },
  };
}

/** Histograms of the raw data, and quantiles in every stage. */
export function distributionBlocks(id: string, { distributions, bias }: StatsSet): Block[] {
  if (distributions.length === 0) return [];
  const raw = distributions.filter(({ stage }) => stage === bias[0].stage);
  const error = Math.max(...distributions.map(({ relativeError }) => relativeError));
  const table: Table = {
    kind: 'table',
    id,
    caption: `Quantiles are within ${short(100 * error)} % of a value of exactly their rank.`,
    columns: [
      { heading: 'what', kind: 'name' },
      { heading: 'stage', kind: 'name', choice: true },
      { heading: 'rows', kind: 'count' },
      { heading: 'none', kind: 'count' },
      { heading: 'least', kind: 'short' },
      ...TOLD_QUANTILES.map((p) => ({ heading: `${short(100 * p)} %`, kind: 'short' as const })),
      { heading: 'most', kind: 'short' },
      { heading: 'mean', kind: 'short' },
    ],
    rows: distributions.map(({ name, stage, rows, missing, minimum, maximum, mean, quantiles }) => {
      const told = TOLD_QUANTILES.map((p) => quantiles.find(({ probability }) => probability === p)?.value ?? null);
      return [name, stage, rows, missing, minimum, ...told, maximum, mean].map((x) =>
        typeof x === 'number' ? Number(x.toPrecision(4)) : x,
      );
    }),
  };
  return [...raw.flatMap((one, i) => histogram(`${id}-${i}`, one) ?? []), table];
}

/** The words that go with each attribute, and with its absence. */
export function wordBlocks(id: string, { words }: StatsSet): Block[] {
  if (words === null) return [];
  return words.attributes.flatMap(({ attribute, present, absent }, i): Block[] => {
    const rows = [...present, ...absent].map(({ word, z, logOdds, present, absent }) => [
      word,
      z,
      logOdds,
      present,
      absent,
    ]);
    if (rows.length === 0) return [];
    return [
      {
        kind: 'table',
        id: `${id}-${i}`,
        caption: `Words that tell ${attribute} apart, of captions in which it is known: a positive z goes with it, a negative one with its absence.${sampled(words.sampling)}`,
        columns: [
          { heading: 'word', kind: 'name' },
          { heading: 'z', kind: 'ratio' },
          { heading: 'log-odds', kind: 'ratio' },
          { heading: 'captions with it', kind: 'count' },
          { heading: 'captions without it', kind: 'count' },
        ],
        rows,
      },
    ];
  });
}

export function coOccurrenceBlocks(id: string, { coOccurrence }: StatsSet): Block[] {
  if (coOccurrence.length === 0) return [];
  return [
    {
      kind: 'table',
      id,
      caption: 'Attributes together: the weight of the rows in which both are known, and their correlation (phi).',
      columns: [
        { heading: 'first', kind: 'name' },
        { heading: 'second', kind: 'name' },
        { heading: 'stage', kind: 'name', choice: true },
        { heading: 'both', kind: 'count' },
        { heading: 'only first', kind: 'count' },
        { heading: 'only second', kind: 'count' },
        { heading: 'neither', kind: 'count' },
        { heading: 'not known', kind: 'count' },
        { heading: 'phi', kind: 'signed' },
      ],
      rows: coOccurrence.map(({ attribute, other, stage, both, first, second, neither, unknown, phi }) => {
        return [attribute, other, stage, both, first, second, neither, unknown, phi];
      }),
    },
  ];
}

/** Shares of the labels in each stage. */
export function labelBlocks(id: string, { labels, labelsLeftOut, pairStages }: StatsSet): Block[] {
  if (labels.length === 0) return [];
  const rest = labelsLeftOut === 0 ? '' : ` ${plural(labelsLeftOut, 'rarer label')} left out.`;
  return [
    {
      kind: 'table',
      id,
      caption: `Labels, the commonest first: the share of the rows that carry each.${rest}`,
      columns: [
        { heading: 'label', kind: 'name' },
        ...pairStages.flatMap((group) => [
          { heading: 'rows', kind: 'count' as const, group },
          { heading: 'share', kind: 'percent' as const, group },
          { heading: 'interval', kind: 'percents' as const, group },
        ]),
      ],
      rows: labels.map(({ label, figures }) => [
        label,
        ...figures.flatMap(({ support, share, interval }): Cell[] => [
          support,
          share,
          share === null ? null : [interval.low, interval.high],
        ]),
      ]),
    },
  ];
}

/** The other measures of association, stage by stage. */
export function measuresTable(id: string, pairs: readonly StatsPair[], stages: readonly string[]): Block {
  return {
    kind: 'details',
    title: 'Other measures of the same pairs: NPMI and log-odds',
    blocks: [
      {
        kind: 'table',
        id,
        caption: 'Normalised pointwise mutual information, and log-odds with their intervals.',
        columns: [
          { heading: 'label', kind: 'name' },
          { heading: 'attribute', kind: 'name', choice: true },
          ...stages.flatMap((group) => [
            { heading: 'NPMI', kind: 'signed' as const, group },
            { heading: 'log-odds', kind: 'signed' as const, group },
            { heading: 'interval', kind: 'range' as const, group },
          ]),
        ],
        rows: pairs.map(({ attribute, label, figures }) => [
          label,
          attribute,
          ...stages.flatMap((stage): Cell[] => {
            const found = figures.find((one) => one.stage === stage);
            if (found === undefined) return [null, null, null];
            const { npmi, logOdds, logOddsInterval: interval } = found;
            return [npmi, logOdds, interval === null ? null : [interval.low, interval.high]];
          }),
        ]),
      },
    ],
  };
}
