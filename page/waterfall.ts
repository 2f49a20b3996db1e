/** From a total to another: what each step takes away or adds, a bar that begins where the one before ends. */
import { axisX, gridX, plot, rect, ruleX, text } from '@observablehq/plot';
import type { Plot } from '../schemas/page.js';
import { cellText, visible } from '../transforms/stats/page/cells.js';
import { base, bottomAxis, fitting, GRID, INK, LESS, MORE, MUTED, TOTAL } from './style.js';

type Waterfall = Extract<Plot, { type: 'waterfall' }>;
type Step = Waterfall['steps'][number];

/** Of a step: its name, then its bar, then some space. */
const STEP_PIXELS = 48;
const NAME_PIXELS = 22;
const BAR_PIXELS = 18;
const SIDE = 20;
const BOTTOM = 40;
/** Room for the figure behind a bar, in pixels. */
const FIGURE_PIXELS = 110;

function colour({ role, from, to }: Step): string {
  if (role === 'total') return TOTAL;
  if (role === 'comparison') return 'var(--comparison)';
  return to < from ? LESS : MORE;
}

export function drawWaterfall({ steps, axis, unit }: Waterfall, width: number): Element {
  const format = (x: number) => cellText(unit, x);
  const said = ({ from, to, role }: Step) => {
    if (role !== 'step' || to === from) return format(to);
    const change = `${to < from ? '−' : '+'}${format(Math.abs(to - from))}`;
    return unit === 'count' ? change : `${format(to)} (${change})`;
  };
  const placed = steps.map((step, i) => ({
    ...step,
    low: Math.min(step.from, step.to),
    high: Math.max(step.from, step.to),
    middle: i * STEP_PIXELS + NAME_PIXELS + BAR_PIXELS / 2,
    top: i * STEP_PIXELS + NAME_PIXELS,
    bottom: i * STEP_PIXELS + NAME_PIXELS + BAR_PIXELS,
    title: i * STEP_PIXELS + NAME_PIXELS / 2 + 2,
    said: said(step),
  }));
  const joints = placed.slice(0, -1).flatMap((step, i) => {
    const next = placed[i + 1];
    return next.role === 'comparison' ? [] : [{ x: step.to, from: step.bottom, to: next.top }];
  });
  const height = steps.length * STEP_PIXELS;
  return plot({
    ...base(width),
    height: height + BOTTOM,
    marginLeft: SIDE,
    marginRight: FIGURE_PIXELS,
    marginTop: 0,
    marginBottom: BOTTOM,
    x: { zero: true },
    y: { type: 'linear', domain: [0, height], range: [0, height], axis: null },
    marks: [
      gridX({ stroke: GRID, strokeOpacity: 1 }),
      axisX(bottomAxis(axis, Math.max(2, width / 120))),
      ruleX(joints, { x: 'x', y1: 'from', y2: 'to', stroke: MUTED, strokeDasharray: '2 2' }),
      rect(placed, {
        x1: 'low',
        x2: 'high',
        y1: 'top',
        y2: 'bottom',
        fill: colour,
        title: (step) => `${visible(step.name)}: ${step.said}`,
      }),
      text(placed, {
        y: 'title',
        text: (step) => fitting(step.name, width - 2 * SIDE),
        frameAnchor: 'left',
        textAnchor: 'start',
        fill: INK,
      }),
      text(placed, {
        x: 'high',
        y: 'middle',
        text: 'said',
        textAnchor: 'start',
        dx: 6,
        fill: INK,
        fontVariant: 'tabular-nums',
      }),
    ],
  });
}
