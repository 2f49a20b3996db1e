/** An outcome as lines of text. */
import { type Outcome, type Ratio, type Spread, summary } from './figures.js';

function figure(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size < 1e-4) return value.toExponential(1);
  return size < 1 ? value.toPrecision(7).replace(/0+$/, '') : value.toFixed(size < 100 ? 3 : 1);
}

function figureOf(name: string, { median, least, most }: Spread): string {
  if (least === most) return `${name} ${figure(median)}`;
  const short = (value: number) => Number(value.toPrecision(4));
  return `${name} ${figure(short(median))} (${figure(short(least))} .. ${figure(short(most))})`;
}

function verdict({ value, least, most }: Ratio): string {
  const goal = [
    least === undefined ? '' : `at least ${figure(Number(least.toPrecision(3)))}`,
    most === undefined ? '' : `at most ${most}`,
  ];
  if (least === undefined && most === undefined) return '';
  const met = (least === undefined || value >= least) && (most === undefined || value <= most);
  return ` (goal ${goal.filter(Boolean).join(', ')}: ${met ? 'met' : 'NOT met'})`;
}

export function outcomeLines(name: string, { title, entries, ratios, notes }: Outcome): string[] {
  const lines = [`${name}: ${title}`];
  for (const entry of entries) {
    const figures = Object.entries(summary(entry)).map(([what, value]) =>
      typeof value === 'string' ? `${what} ${value}` : figureOf(what, value),
    );
    lines.push(`  ${entry.name.padEnd(22)} ${figures.join(', ')}`);
  }
  for (const ratio of ratios)
    lines.push(`  ratio: ${ratio.what} = ${figure(Number(ratio.value.toPrecision(4)))}${verdict(ratio)}`);
  for (const note of notes) lines.push(`  ${note}`);
  lines.push('');
  return lines;
}
