/** Figures as a reader sees them, in the terminal and on the page. `null`, a figure that no example bears on, is a dash. */

const NOTHING = '-';

export function count(rows: number): string {
  return String(Math.round(rows)).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function figure(x: number | null): string {
  return x === null ? NOTHING : x.toFixed(4);
}

/** A share in percent. */
export function percent(x: number | null): string {
  return x === null ? NOTHING : `${(100 * x).toFixed(1)} %`;
}

/** A confidence in percent, with no more decimals than it has. */
export function level(confidence: number): string {
  return `${short(100 * confidence)} %`;
}

/** A ratio, or another figure around 1. */
export function ratio(x: number | null): string {
  return x === null ? NOTHING : x.toFixed(2);
}

/** At most six significant digits. */
export function short(x: number): string {
  return String(Number(x.toPrecision(6)));
}

export function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${figure(low)} to ${figure(high)}`;
}

export function percentRange({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${(100 * low).toFixed(1)} to ${percent(high)}`;
}

export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}
