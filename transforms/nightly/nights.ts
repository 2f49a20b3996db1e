/** Nights are days in UTC, as 2026-11-23. Which are due, how much each counts, and the paths of a night. */
import { InputError } from '../../schemas/errors.js';
import { NIGHT } from '../../schemas/nightly.js';
import type { NightlyConfig } from '../../schemas/nightly-config.js';

const DAY_MILLISECONDS = 86_400_000;
/** Days of the set where the configuration gives neither window nor half-life. */
const DEFAULT_WINDOW_DAYS = 30;
/** After this many half-lives a night counts less than a thousandth, and is left out. Ours. */
const HALF_LIVES = 10;

const dayOf = (night: string) => Date.parse(`${night}T00:00:00Z`) / DAY_MILLISECONDS;
const nightOf = (day: number) => new Date(day * DAY_MILLISECONDS).toISOString().slice(0, 'yyyy-mm-dd'.length);

/** Throws InputError for a text that is no day of the calendar. */
export function parseNight(text: string, what: string): string {
  if (NIGHT.test(text) && Number.isFinite(dayOf(text)) && nightOf(dayOf(text)) === text) return text;
  throw new InputError(what, { expected: 'a day as 2026-11-23', got: text });
}

/** Days from one night to a later one. */
export function daysBetween(earlier: string, later: string): number {
  return dayOf(later) - dayOf(earlier);
}

/** Every night of a range, both ends included; none where it is empty. */
export function nightsBetween(first: string, last: string): string[] {
  const days = daysBetween(first, last) + 1;
  return Array.from({ length: Math.max(0, days) }, (_, i) => nightOf(dayOf(first) + i));
}

/** The newest night that is due at a time. */
export function newestNight(now: Date, { lag }: Pick<NightlyConfig, 'lag'>): string {
  return nightOf(Math.floor(now.getTime() / DAY_MILLISECONDS) - lag);
}

const daysOf = (text: string) => Number(text.slice(0, -1));

/** Days that the set covers. */
export function windowDays({ window, halfLife }: Pick<NightlyConfig, 'window' | 'halfLife'>): number {
  if (halfLife !== undefined) return daysOf(halfLife) * HALF_LIVES;
  return window === undefined ? DEFAULT_WINDOW_DAYS : daysOf(window);
}

/** Nights that belong to the set at a time, in order. */
export function nightsDue(now: Date, config: NightlyConfig): string[] {
  const newest = newestNight(now, config);
  return nightsBetween(nightOf(dayOf(newest) - windowDays(config) + 1), newest);
}

/** How much a night counts beside the newest that is due: 1 in a window, 2^(-age / half-life) with a half-life. */
export function factorOf(night: string, newest: string, { halfLife }: Pick<NightlyConfig, 'halfLife'>): number {
  return halfLife === undefined ? 1 : 2 ** (-Math.max(0, daysBetween(night, newest)) / daysOf(halfLife));
}

const PLACEHOLDERS: Readonly<Record<string, (night: string) => string>> = {
  '{date}': (night) => night,
  '{yyyy}': (night) => night.slice(0, 4),
  '{mm}': (night) => night.slice(5, 7),
  '{dd}': (night) => night.slice(8, 10),
};

/** Whether the text names a day: {date}, or {yyyy}, {mm} and {dd}. */
export function namesNight(text: string): boolean {
  return text.includes('{date}') || ['{yyyy}', '{mm}', '{dd}'].every((part) => text.includes(part));
}

/** The text with the night in place of {date}, {yyyy}, {mm} and {dd}. */
export function forNight(text: string, night: string): string {
  return Object.entries(PLACEHOLDERS).reduce((path, [part, value]) => path.replaceAll(part, value(night)), text);
}

/** The name of a run at a time: to the minute, without characters that file systems refuse. */
export function runNameOf(now: Date): string {
  return `${now.toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length).replace(':', '-')}Z`;
}
