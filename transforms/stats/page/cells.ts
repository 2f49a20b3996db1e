/** The cells of a page's tables as text: the same where the page is made and where its script makes more rows. */
import type { Cell, ColumnKind, Text } from '../../../schemas/page.js';
import { count, figure, percent, percentRange, range, ratio, short } from '../format.js';

/** Ours: no name fills a page. */
const LONGEST_NAME = 200;

/**
 * Text as a page shows it: control characters, lone surrogates and what turns the direction of writing become \u{hex}. Unlike
 * `printable` it keeps the joiners that scripts and emoji need.
 */
export function harmless(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`,
  );
}

/** A name, harmless and of no more than 200 characters. */
export function visible(name: string): string {
  const points = Array.from(name);
  return harmless(points.length <= LONGEST_NAME ? name : `${points.slice(0, LONGEST_NAME - 1).join('')}…`);
}

/** A number stays with its percent sign where a line ends. */
export function unbroken(text: string): string {
  return text.replace(/(?<=\d) %/g, '\u00a0%');
}

/** A sentence without mark-up. */
export function sentence(text: Text): string {
  return text.map((part) => (typeof part === 'string' ? part : visible(part.name))).join('');
}

function signed(x: number): string {
  return `${x < 0 ? '−' : '+'}${figure(Math.abs(x))}`;
}

const NUMBERS: Readonly<Partial<Record<ColumnKind, (x: number) => string>>> = {
  count,
  figure,
  signed,
  percent,
  ratio,
  short,
};

/** The text of a cell; a dash where there is no figure. */
export function cellText(kind: ColumnKind, cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'string') return visible(cell);
  if (typeof cell === 'number') return (NUMBERS[kind] ?? String)(cell);
  const [low, high] = cell;
  if (kind === 'percents') return percentRange({ low, high });
  return low < 0 ? `${signed(low)} to ${signed(high)}` : range({ low, high });
}

/** Columns of numbers stand flush right. */
export function isNumeric(kind: ColumnKind): boolean {
  return kind !== 'name' && kind !== 'text';
}
