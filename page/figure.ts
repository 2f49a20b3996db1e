/** A figure's place on the page: drawn anew when its width or its table changes, and told to screen readers as one picture. */
import type { Figure } from '../schemas/page.js';
import { drawCurves } from './curves.js';
import { drawForest, forestRows } from './forest.js';
import { drawHeatmap } from './heatmap.js';
import { drawHistogram } from './histogram.js';
import type { ShownTable } from './table.js';
import { drawWaterfall } from './waterfall.js';

function draw({ plot }: Figure, width: number, tables: ReadonlyMap<string, ShownTable>): Element {
  switch (plot.type) {
    case 'forest':
      return drawForest(
        { type: 'intervals', estimates: forestRows(plot, tables.get(plot.table)!.rows()), axis: plot.axis, mark: 0 },
        width,
      );
    case 'intervals':
      return drawForest(plot, width);
    case 'heatmap':
      return drawHeatmap(plot, width);
    case 'histogram':
      return drawHistogram(plot, width);
    case 'curves':
      return drawCurves(plot, width);
    case 'waterfall':
      return drawWaterfall(plot, width);
  }
}

/** Less is scrolled: no plot is drawn into no room. */
const NARROWEST_PIXELS = 240;
/** What a sheet of A4 or letter paper holds between its margins. */
const PAPER_PIXELS = 660;

/** Draws a figure into its place, and again whenever that is needed. */
export function showFigure(figure: Figure, host: HTMLElement, tables: ReadonlyMap<string, ShownTable>): void {
  let width = 0;
  let printing = false;
  const redraw = (pixels = Math.max(width, NARROWEST_PIXELS)) => {
    const picture = draw(figure, pixels, tables);
    // A legend makes it a figure; the page has that already.
    const svg = picture instanceof SVGElement ? picture : picture.querySelector('svg:last-of-type')!;
    // One picture with one name: Plot names its parts, which ARIA does not allow on them.
    for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-labelledby', `${figure.id}-title`);
    svg.setAttribute('aria-describedby', `${figure.id}-description`);
    host.replaceChildren(picture);
  };
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    // 0: within details that are closed.
    if (now === 0 || now === width || printing) return;
    width = now;
    redraw();
  }).observe(host);
  if (figure.plot.type === 'forest') tables.get(figure.plot.table)!.onChange(() => width > 0 && redraw());
  const print = (begins: boolean) => {
    printing = begins;
    if (width > 0) redraw(begins ? PAPER_PIXELS : undefined);
  };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
}
