/** What all plots share: type, colours from the page's style, and names that fit. */
import type { AxisXOptions, PlotOptions } from '@observablehq/plot';
import { visible } from '../transforms/stats/page/cells.js';

export const FONT_PIXELS = 12;
/** Mean width of a letter at that size, a little more than it is. */
const LETTER_PIXELS = 6.8;
/** Narrower plots have their names above what they name. */
export const NARROW_PIXELS = 560;

export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const GRID = 'var(--line)';
export const SURFACE = 'var(--background)';
export const TOTAL = 'var(--total)';
export const LESS = 'var(--less)';
export const MORE = 'var(--more)';
export const ACCENT = 'var(--series-2)';

/** The page's style has this many colours for series; the first is for what came before. */
const SERIES_COLOURS = 6;

export function seriesColour(i: number): string {
  return `var(--series-${(i % SERIES_COLOURS) + 1})`;
}

export function base(width: number): PlotOptions {
  return {
    width,
    style: { fontSize: `${FONT_PIXELS}px`, fontFamily: 'inherit', overflow: 'visible', background: 'none' },
  };
}

/** The axis below a plot, with its name in the middle and about so many ticks. */
export function bottomAxis(label: string, ticks: number): AxisXOptions {
  return { label, labelAnchor: 'center', labelArrow: 'none', tickSize: 0, color: MUTED, ticks };
}

/** A name as it can stand beside a plot: whole in the tables, cut here where it is longer than `pixels`. */
export function fitting(name: string, pixels: number): string {
  const shown = Array.from(visible(name));
  const letters = Math.max(4, Math.floor(pixels / LETTER_PIXELS));
  return shown.length <= letters ? shown.join('') : `${shown.slice(0, letters - 1).join('')}…`;
}

/** Pixels that the longest of some names takes. */
export function pixelsOf(names: readonly string[]): number {
  return LETTER_PIXELS * Math.max(0, ...names.map((name) => Array.from(visible(name)).length));
}

/** A key of colours, for more than one series. */
export function legend(names: readonly string[], colour: (i: number) => string = seriesColour): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'key';
  names.forEach((name, i) => {
    const swatch = document.createElement('span');
    swatch.style.background = colour(i);
    const text = document.createElement('bdi');
    text.textContent = visible(name);
    const item = document.createElement('li');
    item.append(swatch, text);
    list.append(item);
  });
  return list;
}

/** A plot under its key. */
export function withLegend(svg: Element, key: HTMLElement): HTMLElement {
  const both = document.createElement('div');
  both.append(key, svg);
  return both;
}
