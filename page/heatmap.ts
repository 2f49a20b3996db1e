/** Labels by attributes: one cell a stage, coloured by the difference, which is also written in it. */
import { axisFx, axisX, axisY, cell, plot, text } from '@observablehq/plot';
import type { Plot } from '../schemas/page.js';
import { visible } from '../transforms/stats/page/cells.js';
import { base, fitting, INK, MUTED, pixelsOf } from './style.js';

type Heatmap = Extract<Plot, { type: 'heatmap' }>;

const CELL_HEIGHT = 24;
const NARROWEST_CELL = 44;
const WIDEST_CELL = 120;
const MOST_NAMES = 200;
const GROUP_GAP = 10;

/** Towards one colour or the other, by the share of the largest difference; the page's ink is readable on all of them. */
function tint(value: number, largest: number): string {
  const strength = largest === 0 ? 0 : Math.sqrt(Math.abs(value) / largest);
  return `color-mix(in oklab, var(${value < 0 ? '--without' : '--with'}) ${Math.round(100 * strength)}%, var(--ground))`;
}

const points = (x: number) => `${x < 0 ? '−' : '+'}${(100 * Math.abs(x)).toFixed(1)}`;

export function drawHeatmap({ rows, groups, columns, values }: Heatmap, width: number): Element {
  const cells = rows.flatMap((row, i) =>
    groups.flatMap((group, j) =>
      columns.flatMap((column, k) => {
        const value = values[i][j][k];
        return value === null
          ? []
          : [{ row: String(i), group: String(j), column: String(k), value, row_: row, group_: group, column_: column }];
      }),
    ),
  );
  const largest = Math.max(0, ...cells.map(({ value }) => Math.abs(value)));
  const names = Math.min(pixelsOf(rows), MOST_NAMES, 0.36 * width);
  const count = groups.length * columns.length;
  const room = (width - names - 20 - GROUP_GAP * (groups.length - 1)) / count;
  const cellWidth = Math.min(WIDEST_CELL, Math.max(NARROWEST_CELL, room));
  const wanted = names + 20 + GROUP_GAP * (groups.length - 1) + cellWidth * count;
  const ordinal = (all: readonly unknown[]) => all.map((_, i) => String(i));
  const groupWidth = cellWidth * columns.length;
  return plot({
    ...base(wanted),
    height: rows.length * CELL_HEIGHT + 56,
    marginLeft: names + 12,
    marginRight: 8,
    marginTop: 52,
    marginBottom: 4,
    x: { type: 'band', domain: ordinal(columns), padding: 0.04, axis: null },
    y: { type: 'band', domain: ordinal(rows), padding: 0.08, axis: null },
    fx: { type: 'band', domain: ordinal(groups), padding: GROUP_GAP / (groupWidth + GROUP_GAP), axis: null },
    marks: [
      axisFx({
        anchor: 'top',
        label: null,
        tickFormat: (d: string) => fitting(groups[Number(d)], groupWidth),
        dy: -22,
        color: INK,
        fontWeight: 600,
      }),
      axisX({
        anchor: 'top',
        label: null,
        tickSize: 0,
        tickFormat: (d: string) => fitting(columns[Number(d)], cellWidth),
        color: MUTED,
      }),
      axisY({ label: null, tickSize: 0, tickFormat: (d: string) => fitting(rows[Number(d)], names), color: INK }),
      cell(cells, {
        x: 'column',
        y: 'row',
        fx: 'group',
        fill: (d) => tint(d.value, largest),
        rx: 2,
        title: (d) => `${visible(d.row_)} · ${visible(d.group_)}, ${visible(d.column_)}: ${points(d.value)} points`,
      }),
      text(cells, {
        x: 'column',
        y: 'row',
        fx: 'group',
        text: (d) => points(d.value),
        fill: INK,
        fontVariant: 'tabular-nums',
        pointerEvents: 'none',
      }),
    ],
  });
}
