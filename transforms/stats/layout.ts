/** Plain text for a terminal: aligned columns, wrapped sentences, and names from the open web made harmless. */

/** Narrowest that a column of names is cut to. */
const NARROWEST = 8;
const GAP = '  ';

/** A name as it can be printed: control, format and unassigned characters and line separators become \u{hex}. */
export function printable(name: string): string {
  return name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** Cut to `width` code points, with an ellipsis where something is missing. */
function cut(text: string, width: number): string {
  const points = Array.from(text);
  return points.length <= width ? text : `${points.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - Array.from(text).length));
  return align === 'left' ? text + space : space + text;
}

/**
 * Lines of a table: `rows` of cells, the first its heading, one letter of `alignment` a column, l or r. Columns of names (l)
 * are cut, the widest first, until a line fits `width`; what still does not fit is cut at the end.
 */
export function columns(rows: readonly (readonly string[])[], alignment: string, width: number): string[] {
  const widths = Array.from(alignment, (_, i) => Math.max(...rows.map((row) => Array.from(row[i]).length)));
  const total = () => widths.reduce((a, b) => a + b, GAP.length * (widths.length - 1));
  while (total() > width) {
    const names = widths.map((w, i) => (alignment[i] === 'l' ? w : 0));
    const widest = Math.max(...names);
    if (widest <= NARROWEST) break;
    widths[names.indexOf(widest)]--;
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => pad(cut(cell, widths[i]), widths[i], alignment[i] === 'l' ? 'left' : 'right'));
    return cut(cells.join(GAP).trimEnd(), width);
  });
}

/** Lines of at most `width`, broken at spaces; a longer word is cut. */
export function wrap(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && Array.from(last).length + 1 + Array.from(word).length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(cut(word, width));
  }
  return lines;
}
