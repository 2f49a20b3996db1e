/** Lines over a common axis, each named at its end, with marks where a reader is to look. */
import { axisX, axisY, dot, gridY, line, plot, ruleX, ruleY, text } from '@observablehq/plot';
import type { Plot } from '../schemas/page.js';
import { base, bottomAxis, GRID, INK, legend, MUTED, seriesColour, withLegend } from './style.js';

type Curves = Extract<Plot, { type: 'curves' }>;

const HEIGHT = 280;
/** Marks closer than this share of the axis are named one below the other. */
const CLOSE = 0.2;
const MARK_LINE = 14;

export function drawCurves({ series, marks, axes: [x, y] }: Curves, width: number): Element {
  const points = series.flatMap(({ points }, i) => points.map(([x, y]) => ({ x, y, i })));
  const xs = [...points.map((p) => p.x), ...marks.map((m) => m.x)];
  const extent = Math.max(...xs) - Math.min(...xs) || 1;
  const middle = Math.min(...xs) + extent / 2;
  const close = marks.length > 1 && Math.abs(marks[0].x - marks[1].x) < CLOSE * extent;
  const named = marks.map((mark, i) => ({ ...mark, dy: close ? MARK_LINE * i : 0, left: mark.x > middle }));
  const svg = plot({
    ...base(width),
    height: HEIGHT,
    marginLeft: 56,
    marginRight: 24,
    marginTop: 16 + (close ? MARK_LINE * marks.length : MARK_LINE),
    marginBottom: 40,
    x: { nice: true },
    y: { zero: true, nice: true },
    marks: [
      gridY({ stroke: GRID, strokeOpacity: 1 }),
      axisX(bottomAxis(x, Math.max(3, width / 90))),
      axisY({ label: y, labelArrow: 'none', tickSize: 0, color: MUTED, ticks: 5 }),
      ruleY([0], { stroke: MUTED }),
      ruleX(named, { x: 'x', stroke: MUTED, strokeDasharray: '4 3' }),
      ...named.map((mark) =>
        text([mark], {
          x: 'x',
          text: 'name',
          frameAnchor: 'top',
          dy: -8 - mark.dy,
          dx: mark.left ? -4 : 4,
          textAnchor: mark.left ? 'end' : 'start',
          fill: INK,
        }),
      ),
      line(points, { x: 'x', y: 'y', z: 'i', stroke: (d) => seriesColour(d.i + 1), strokeWidth: 2 }),
      dot(points, {
        x: 'x',
        y: 'y',
        r: 3,
        fill: (d) => seriesColour(d.i + 1),
        title: (d) => `${series[d.i].name} ${d.y.toFixed(4)} at rate ${d.x.toPrecision(3)}`,
      }),
    ],
  });
  return withLegend(
    svg,
    legend(
      series.map(({ name }) => name),
      (i) => seriesColour(i + 1),
    ),
  );
}
