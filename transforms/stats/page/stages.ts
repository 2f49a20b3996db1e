/** The parts of a page that follow the rows through a run: filters, attributes, weights. */
import type { Block, Cell, Estimate, Figure, Plot, Table } from '../../../schemas/page.js';
import type { AgreementReport, StageReport, WeightsReport } from '../../../schemas/report.js';
import { count, level, percent, ratio, short } from '../format.js';

/** A stage that is shown beside the others, and follows from none of them. */
const ASIDE = new Set(['random']);

/** Rows read, less what each reason dropped, as bars that begin where the one before ends. */
export function rowsWaterfall(
  id: string,
  rows: { readonly read: number; readonly kept: number; readonly dropped: Readonly<Record<string, number>> },
): Figure {
  let left = rows.read;
  const steps = Object.entries(rows.dropped).map(([reason, n]) => {
    const from = left;
    left -= n;
    return { name: reason, from, to: left, role: 'step' as const };
  });
  const plot: Plot = {
    type: 'waterfall',
    unit: 'count',
    axis: 'rows',
    steps: [
      { name: 'read', from: 0, to: rows.read, role: 'total' },
      ...steps,
      { name: 'kept', from: 0, to: rows.kept, role: 'total' },
    ],
  };
  return {
    kind: 'figure',
    id,
    title: 'Rows, and where they went',
    description: [
      `Of ${count(rows.read)} rows read, ${count(rows.kept)} are kept. Each bar is what one reason took away.`,
    ],
    plot,
    data: {
      kind: 'table',
      id: `${id}-data`,
      caption: 'Rows by reason',
      columns: [
        { heading: 'reason', kind: 'name' },
        { heading: 'rows', kind: 'count' },
        { heading: 'of read', kind: 'percent' },
      ],
      rows: [['read', rows.read] as const, ...Object.entries(rows.dropped), ['kept', rows.kept] as const].map(
        ([reason, n]) => [reason, n, rows.read === 0 ? null : n / rows.read],
      ),
    },
  };
}

/** RB or AB from stage to stage. The table of stages has the figures. */
export function biasWaterfall(id: string, stages: readonly StageReport[], measure: 'rb' | 'ab'): Figure | undefined {
  const known = stages.flatMap((stage) =>
    stage[measure] === null ? [] : [{ name: stage.stage, value: stage[measure] }],
  );
  if (known.length < 2) return undefined;
  let last = 0;
  const steps = known.map(({ name, value }, i) => {
    const aside = ASIDE.has(name);
    const from = i === 0 || aside ? 0 : last;
    if (!aside) last = value;
    return {
      name,
      from,
      to: value,
      role: aside ? ('comparison' as const) : i === 0 ? ('total' as const) : ('step' as const),
    };
  });
  const what = measure === 'rb' ? 'representation' : 'association';
  return {
    kind: 'figure',
    id,
    title: `${measure.toUpperCase()} from stage to stage`,
    description: [
      `The largest ${what} bias: raw, then how each stage moves it.${known.some(({ name }) => ASIDE.has(name)) ? ' The random control keeps as many rows without M4.' : ''}`,
    ],
    plot: { type: 'waterfall', unit: 'figure', axis: measure.toUpperCase(), steps },
  };
}

/** The columns of `biasCells`. */
export const biasColumns: Table['columns'] = [
  { heading: 'RB', kind: 'figure' },
  { heading: 'AB', kind: 'figure' },
  { heading: 'interval of AB', kind: 'range' },
  { heading: 'mean AB', kind: 'figure' },
  { heading: 'worst label', kind: 'name' },
  { heading: 'worst attribute', kind: 'name' },
];

/** The largest biases of a stage, and where the AB is. */
export function biasCells({ rb, ab, association: { interval, mean, label, attribute } }: StageReport): Cell[] {
  return [rb, ab, ab === null ? null : [interval.low, interval.high], mean, label, attribute];
}

/** How far each two sources of an attribute agree, where one has several. */
export function agreementBlocks(id: string, agreement: readonly AgreementReport[] = []): Table[] {
  if (agreement.length === 0) return [];
  return [
    {
      kind: 'table',
      id,
      caption:
        'How far the sources of an attribute agree, in all rows of which both say something. Kappa is the agreement beyond that of chance: 1 always, 0 as chance gives.',
      columns: [
        { heading: 'attribute', kind: 'name', choice: true },
        { heading: 'source', kind: 'name' },
        { heading: 'other', kind: 'name' },
        { heading: 'both say something', kind: 'count' },
        { heading: 'agree', kind: 'percent' },
        { heading: 'interval', kind: 'percents' },
        { heading: 'kappa', kind: 'ratio' },
        { heading: 'only source says present', kind: 'count' },
        { heading: 'only other says present', kind: 'count' },
      ],
      rows: agreement.flatMap(({ attribute, pairs }) =>
        pairs.map(({ source, other, known, agreement: agree, interval, kappa, first, second }): Cell[] => [
          attribute,
          source,
          other,
          known,
          agree,
          known === 0 ? null : [interval.low, interval.high],
          kappa,
          first,
          second,
        ]),
      ),
    },
  ];
}

export function stageTable(id: string, stages: readonly StageReport[]): Table {
  return {
    kind: 'table',
    id,
    caption:
      'RB and AB are the largest of any attribute or pair; the interval of AB holds for all ranked pairs at once.',
    columns: [
      { heading: 'stage', kind: 'name' },
      { heading: 'rows', kind: 'count' },
      { heading: 'effective', kind: 'count' },
      ...biasColumns,
    ],
    rows: stages.map((of) => [of.stage, of.rows, of.ess, ...biasCells(of)]),
  };
}

/** Shares of the attributes in each of some stages, with their targets. */
export function attributeBlocks(id: string, stages: readonly StageReport[], confidence: number): Block[] {
  const targets = new Set(stages.flatMap(({ attributes }) => attributes.map(({ target }) => target)));
  const estimates = stages[0].attributes.flatMap(({ attribute }, k) =>
    stages.flatMap(({ stage, attributes }): Estimate[] => {
      const { share, interval } = attributes[k];
      return share === null ? [] : [{ name: attribute, series: stage, value: share, ...interval }];
    }),
  );
  const one = targets.size === 1 ? [...targets][0] : undefined;
  const table: Table = {
    kind: 'table',
    id,
    caption: `Shares where the attribute is known; intervals at ${level(confidence)}.`,
    columns: [
      { heading: 'attribute', kind: 'name' },
      { heading: 'stage', kind: 'name' },
      { heading: 'target', kind: 'percent' },
      { heading: 'share', kind: 'percent' },
      { heading: 'interval', kind: 'percents' },
      { heading: 'RB', kind: 'figure' },
      { heading: 'known rows', kind: 'count' },
      { heading: 'unknown', kind: 'percent' },
    ],
    rows: stages[0].attributes.flatMap((_, k) =>
      stages.map(({ stage, attributes }): Cell[] => {
        const { attribute, target, share, interval, rb, support, unknown } = attributes[k];
        return [
          attribute,
          stage,
          target,
          share,
          share === null ? null : [interval.low, interval.high],
          rb,
          support,
          unknown,
        ];
      }),
    ),
  };
  if (estimates.length === 0) return [table];
  return [
    {
      kind: 'figure',
      id: `${id}-shares`,
      title: 'Shares of the attributes',
      description: [
        one === undefined
          ? 'With intervals; targets are in the table.'
          : `With intervals; the line is the target of ${percent(one)}.`,
      ],
      plot: {
        type: 'intervals',
        estimates,
        axis: 'share where known',
        percent: true,
        ...(one !== undefined && { mark: one }),
      },
    },
    table,
  ];
}

/** How the weights spread. */
export function weightBlocks(id: string, weights: WeightsReport): Block[] {
  const { rows, mean, maximum, zeroShare, maximumShare, ess, designEffect, histogram } = weights;
  const points = [
    { value: 0, rows: Math.round((zeroShare ?? 0) * rows), name: 'exactly 0' },
    { value: maximum, rows: Math.round((maximumShare ?? 0) * rows), name: `exactly ${short(maximum)}` },
  ];
  const data: Table = {
    kind: 'table',
    id: `${id}-data`,
    caption: 'Rows by weight',
    columns: [
      { heading: 'weight', kind: 'text' },
      { heading: 'rows', kind: 'count' },
      { heading: 'of weighted', kind: 'percent' },
    ],
    rows: [
      ['exactly 0', points[0].rows] as const,
      ...histogram.map(({ low, high, rows }) => [`${short(low)} to ${short(high)}`, rows] as const),
      [points[1].name, points[1].rows] as const,
    ].map(([weight, n]) => [weight, n, rows === 0 ? null : n / rows]),
  };
  return [
    {
      kind: 'figure',
      id,
      title: 'How the weights spread',
      description: [
        `${count(rows)} rows have a mean weight of ${mean === null ? '–' : short(mean)}; they tell as much as ${count(ess)} rows of equal weight (design effect ${ratio(designEffect)}). ${percent(zeroShare)} have weight 0, ${percent(maximumShare)} the maximum.`,
      ],
      plot: { type: 'histogram', bins: histogram, points, axis: 'weight' },
      data,
    },
  ];
}
