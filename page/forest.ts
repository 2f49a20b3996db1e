/** Estimates with their intervals, a line a name, one below the other for each series. */
import { axisX, dot, gridX, link, plot, pointer, ruleX, text, tip } from '@observablehq/plot';
import type { Cell, Estimate, Plot } from '../schemas/page.js';
import { cellText, isCaptions, visible } from '../transforms/stats/page/cells.js';
import {
  base,
  bottomAxis,
  fitting,
  GRID,
  INK,
  legend,
  NARROW_PIXELS,
  pixelsOf,
  SURFACE,
  seriesColour,
  withLegend,
} from './style.js';

type Forest = Extract<Plot, { type: 'forest' }>;
type Intervals = Extract<Plot, { type: 'intervals' }>;

const LINE_PIXELS = 11;
const GAP_PIXELS = 10;
const NAME_PIXELS = 20;
const WIDEST_NAMES = 0.3;
const TOP = 8;
const SIDE = 20;
const BOTTOM = 44;

/** The estimates of the first rows of a table. */
export function forestRows({ limit, names, series }: Forest, rows: readonly (readonly Cell[])[]): Estimate[] {
  return rows.slice(0, limit).flatMap((row) => {
    const name = names.map((i) => String(row[i] ?? '')).join(' · ');
    return series.flatMap((one): Estimate[] => {
      const value = row[one.value];
      const interval = row[one.interval];
      if (typeof value !== 'number' || typeof interval !== 'object' || interval === null || isCaptions(interval))
        return [];
      return [{ name, series: one.name, value, low: interval[0], high: interval[1] }];
    });
  });
}

/** Top of each name's lines, in pixels from the first, and the height of all. */
function lay(estimates: readonly Estimate[], narrow: boolean) {
  const names = [...new Set(estimates.map(({ name }) => name))];
  const lines = new Map(names.map((name) => [name, estimates.filter((e) => e.name === name)]));
  let y = 0;
  const placed: (Estimate & { y: number })[] = [];
  const titles: { name: string; y: number }[] = [];
  for (const [name, own] of lines) {
    if (narrow) y += NAME_PIXELS;
    titles.push({ name, y: narrow ? y - NAME_PIXELS / 2 : y + (own.length * LINE_PIXELS) / 2 });
    for (const estimate of own) {
      placed.push({ ...estimate, y: y + LINE_PIXELS / 2 });
      y += LINE_PIXELS;
    }
    y += GAP_PIXELS;
  }
  return { placed, titles, height: y };
}

/** Nothing to draw is said in words. */
function nothing(): Element {
  const text = document.createElement('p');
  text.textContent = 'No rows match.';
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('height', '0');
  const both = document.createElement('div');
  both.append(text, svg);
  return both;
}

export function drawForest({ estimates, axis, mark, percent }: Intervals, width: number): Element {
  if (estimates.length === 0) return nothing();
  const narrow = width < NARROW_PIXELS;
  const series = [...new Set(estimates.map((e) => e.series))];
  const { placed, titles, height } = lay(estimates, narrow);
  const room = Math.min(pixelsOf(titles.map(({ name }) => name)), WIDEST_NAMES * width);
  const colour = (e: Estimate) => seriesColour(series.indexOf(e.series));
  const format = (x: number) => cellText(percent ? 'percent' : mark === 0 ? 'signed' : 'figure', x);
  const said = (e: Estimate) =>
    `${visible(e.name)}\n${visible(e.series)}: ${format(e.value)}\n${format(e.low)} to ${format(e.high)}`;
  const svg = plot({
    ...base(width),
    height: TOP + height + BOTTOM,
    marginLeft: narrow ? SIDE : room + 16,
    marginRight: SIDE,
    marginTop: TOP,
    marginBottom: BOTTOM,
    x: { nice: true, ...(percent && { percent: true }) },
    y: { type: 'linear', domain: [0, height], range: [TOP, TOP + height], axis: null },
    marks: [
      gridX({ stroke: GRID, strokeOpacity: 1 }),
      axisX({
        ...bottomAxis(axis, Math.max(3, width / 110)),
        ...(percent && { tickFormat: (x: number) => `${x} %` }),
      }),
      ...(mark === undefined ? [] : [ruleX([mark], { stroke: INK, strokeWidth: 1 })]),
      link(placed, { x1: 'low', x2: 'high', y: 'y', stroke: colour, strokeWidth: 2, strokeLinecap: 'round' }),
      dot(placed, { x: 'value', y: 'y', r: 4, fill: colour, stroke: SURFACE, strokeWidth: 1 }),
      text(titles, {
        y: 'y',
        text: ({ name }: { name: string }) => fitting(name, narrow ? width - 2 * SIDE : room),
        frameAnchor: 'left',
        textAnchor: narrow ? 'start' : 'end',
        dx: narrow ? 0 : -12,
        fill: INK,
      }),
      tip(placed, pointer({ x: 'value', y: 'y', title: said, stroke: GRID })),
    ],
  });
  return series.length > 1 ? withLegend(svg, legend(series)) : svg;
}
