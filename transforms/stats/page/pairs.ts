/** The part of a page that shows pairs of attribute and label: intervals, heat map, table. */
import type { Block, Cell, Column, Figure, Section, Table, Text } from '../../../schemas/page.js';
import type { PairBias } from '../../../schemas/report.js';
import { count, plural } from '../format.js';

/** A pair with its figures in the stages that are compared. */
export interface PairLine {
  readonly attribute: string;
  readonly label: string;
  /** One a stage; null where the stage tells nothing of the pair. */
  readonly figures: readonly (PairBias | null)[];
}

export interface PairsInput {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly stages: readonly string[];
  /** The largest AB first. */
  readonly pairs: readonly PairLine[];
  /** Ranked pairs that the report leaves out. */
  readonly leftOut: number;
  readonly minimumSupport: number;
  readonly unranked: {
    readonly count: number;
    readonly pairs: readonly { readonly attribute: string; readonly label: string; readonly support: number }[];
  };
}

/** Ours: lines of the interval plot, labels of the heat map. */
const FOREST_LINES = 20;
const HEATMAP_LABELS = 24;
const HEATMAP_ATTRIBUTES = 12;
const STAGE_COLUMNS = 5;
const FIRST_STAGE = 2;

function stageColumns(stage: string): Column[] {
  return [
    { heading: 'support', kind: 'count', group: stage },
    { heading: 'difference', kind: 'signed', group: stage },
    { heading: 'interval', kind: 'range', group: stage },
    { heading: 'ratio', kind: 'ratio', group: stage },
    { heading: 'share', kind: 'percent', group: stage },
  ];
}

function stageCells(figures: PairBias | null): Cell[] {
  if (figures === null) return Array.from({ length: STAGE_COLUMNS }, () => null);
  const { support, difference, interval, ratio, share } = figures;
  return [support, difference, difference === null ? null : [interval.low, interval.high], ratio, share];
}

function pairTable({ id, stages, pairs, leftOut }: PairsInput): Table {
  const rest =
    leftOut === 0
      ? ''
      : ` ${plural(leftOut, 'ranked pair')} with a smaller AB ${leftOut === 1 ? 'is' : 'are'} left out.`;
  return {
    kind: 'table',
    id,
    caption: `${plural(pairs.length, 'pair')}, the largest AB first.${rest}`,
    columns: [
      { heading: 'label', kind: 'name' },
      { heading: 'attribute', kind: 'name', choice: true },
      ...stages.flatMap(stageColumns),
    ],
    rows: pairs.map(({ attribute, label, figures }) => [label, attribute, ...figures.flatMap(stageCells)]),
  };
}

function forest({ id, stages }: PairsInput): Figure {
  const column = (stage: number, offset: number) => FIRST_STAGE + stage * STAGE_COLUMNS + offset;
  return {
    kind: 'figure',
    id: `${id}-intervals`,
    title: 'How much commoner a label is with the attribute than without',
    description: [
      `The first ${FOREST_LINES} pairs of the table below, as it is sorted and filtered; a line is an interval that holds for all ranked pairs at once. Right of 0 the label goes with the attribute, left of 0 with its absence. AB is the distance from 0.`,
    ],
    plot: {
      type: 'forest',
      table: id,
      limit: FOREST_LINES,
      names: [0, 1],
      series: stages.map((name, i) => ({ name, value: column(i, 1), interval: column(i, 2) })),
      axis: 'share of rows with the label: with the attribute − without it',
    },
  };
}

const distinct = (names: readonly string[]) => [...new Set(names)];

function heatmap({ id, stages, pairs }: PairsInput): Figure | undefined {
  const known = pairs.filter(({ figures }) => figures.some((f) => f !== null && f.difference !== null));
  const labels = distinct(known.map(({ label }) => label));
  const attributes = distinct(known.map(({ attribute }) => attribute));
  if (labels.length === 0) return undefined;
  const rows = labels.slice(0, HEATMAP_LABELS);
  const groups = attributes.slice(0, HEATMAP_ATTRIBUTES);
  const key = (label: string, attribute: string) => JSON.stringify([label, attribute]);
  const found = new Map(known.map((pair) => [key(pair.label, pair.attribute), pair.figures]));
  const plot = {
    type: 'heatmap' as const,
    rows,
    groups,
    columns: stages,
    values: rows.map((label) =>
      groups.map((attribute) => {
        const figures = found.get(key(label, attribute));
        return stages.map((_, i) => figures?.[i]?.difference ?? null);
      }),
    ),
    axis: 'difference, in points',
  };
  const holes = plot.values.flat(2).some((value) => value === null);
  const of = (shown: readonly string[], all: readonly string[], noun: string) =>
    shown.length < all.length ? `the first ${shown.length} of ${count(all.length)} ${noun}s` : plural(all.length, noun);
  return {
    kind: 'figure',
    id: `${id}-map`,
    title: 'Labels by attributes',
    description: [
      `The same differences in points (hundredths) for ${of(rows, labels, 'label')} and ${of(groups, attributes, 'attribute')}, the largest first.${holes ? ' An empty cell is a pair that is not in the table.' : ''}`,
    ],
    plot,
  };
}

function unrankedBlocks({ id, unranked, minimumSupport }: PairsInput): Block[] {
  if (unranked.count === 0) return [];
  const text: Text = [
    `${plural(unranked.count, 'pair')} with a support under ${minimumSupport} in the raw data ${unranked.count === 1 ? 'is' : 'are'} not ranked: too few rows to tell. The first of them:`,
  ];
  return [
    {
      kind: 'details',
      title: `Pairs with too little support (${count(unranked.count)})`,
      blocks: [
        { kind: 'paragraph', text },
        {
          kind: 'table',
          id: `${id}-unranked`,
          caption: 'Not ranked',
          columns: [
            { heading: 'label', kind: 'name' },
            { heading: 'attribute', kind: 'name', choice: true },
            { heading: 'support', kind: 'count' },
          ],
          rows: unranked.pairs.map(({ attribute, label, support }) => [label, attribute, support]),
        },
      ],
    },
  ];
}

/** Intervals, heat map and table of pairs; a sentence where there are none. */
export function pairsSection(input: PairsInput, more: readonly Block[] = []): Section {
  const { id, title, pairs } = input;
  if (pairs.length === 0) {
    const text: Text = ['No pair of attribute and label has enough support to be ranked.'];
    return { id: `${id}-section`, title, blocks: [{ kind: 'paragraph', text }, ...unrankedBlocks(input)] };
  }
  const map = heatmap(input);
  const blocks: Block[] = [
    forest(input),
    pairTable(input),
    ...more,
    ...(map === undefined ? [] : [map]),
    ...unrankedBlocks(input),
  ];
  return { id: `${id}-section`, title, blocks };
}
