/** Rows by value; values that many rows have exactly stand beside the bins. */
import { axisX, axisY, gridY, plot, rectY, ruleY, text } from '@observablehq/plot';
import type { Plot } from '../schemas/page.js';
import { cellText } from '../transforms/stats/page/cells.js';
import { base, bottomAxis, GRID, INK, MUTED, seriesColour } from './style.js';

type Histogram = Extract<Plot, { type: 'histogram' }>;

const HEIGHT = 260;
/** Of the width of all bins: a bar of exact values, and the space before it. */
const POINT_WIDTH = 0.05;
const POINT_GAP = 0.02;

export function drawHistogram({ bins, points, axis, logarithmic }: Histogram, width: number): Element {
  const low = Math.min(...bins.map((bin) => bin.low), ...points.map(({ value }) => value));
  const high = Math.max(...bins.map((bin) => bin.high), ...points.map(({ value }) => value));
  const extent = high - low || 1;
  const bars = points
    .filter(({ rows }) => rows > 0)
    .map(({ value, rows, name }) => {
      const side = value <= low ? -1 : 1;
      const inner = value + side * POINT_GAP * extent;
      const outer = inner + side * POINT_WIDTH * extent;
      return { x1: Math.min(inner, outer), x2: Math.max(inner, outer), rows, name };
    });
  return plot({
    ...base(width),
    height: HEIGHT,
    marginLeft: 64,
    marginRight: 24,
    marginTop: 24,
    marginBottom: 40,
    x: logarithmic ? { type: 'log' } : { domain: [low - 0.08 * extent, high + 0.08 * extent] },
    y: { nice: true },
    marks: [
      gridY({ stroke: GRID, strokeOpacity: 1 }),
      axisX(bottomAxis(axis, Math.max(3, width / 90))),
      axisY({ label: 'rows', labelArrow: 'none', tickSize: 0, color: MUTED, ticks: 5 }),
      rectY(
        bins.filter(({ rows }) => rows > 0),
        {
          x1: 'low',
          x2: 'high',
          y: 'rows',
          fill: seriesColour(1),
          inset: 0.5,
          title: (d) =>
            `${cellText('short', d.low)} to ${cellText('short', d.high)}: ${cellText('count', d.rows)} rows`,
        },
      ),
      rectY(bars, {
        x1: 'x1',
        x2: 'x2',
        y: 'rows',
        fill: seriesColour(2),
        title: (d) => `${d.name}: ${cellText('count', d.rows)} rows`,
      }),
      text(bars, { x: (d) => (d.x1 + d.x2) / 2, y: 'rows', text: 'name', dy: -8, fill: INK, textAnchor: 'middle' }),
      ruleY([0], { stroke: MUTED }),
    ],
  });
}
