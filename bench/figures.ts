/** What a run measures, and what is said of several runs. */

/** Figures of one run by name; `seconds` is what contestants are compared by. */
export interface Figures {
  readonly seconds: number;
  readonly [name: string]: number | string;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median, least and largest of at least one number. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, least: sorted[0]!, most: sorted[sorted.length - 1]! };
}

/** All runs of one contestant. */
export interface Entry {
  readonly name: string;
  readonly runs: readonly Figures[];
}

/** Medians of the numbers that every run has; words of the last run. */
export function summary({ runs }: Entry): Record<string, Spread | string> {
  const last = runs[runs.length - 1]!;
  return Object.fromEntries(
    Object.entries(last).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : spread(runs.map((run) => run[name] as number)),
    ]),
  );
}

export function medianOf({ runs }: Entry, figure: string): number {
  return spread(runs.map((run) => run[figure] as number)).median;
}

export interface Ratio {
  readonly what: string;
  readonly value: number;
  /** `least` and `most`: bounds that the value is held against. */
  readonly least?: number;
  readonly most?: number;
}

export interface Outcome {
  /** What was measured: the input and its size. */
  readonly title: string;
  readonly entries: readonly Entry[];
  readonly ratios: readonly Ratio[];
  readonly notes: readonly string[];
}

/** How many times as fast as `peer` `ours` is, by median seconds. */
export function speedRatio(ours: Entry, peer: Entry, goal?: number): Ratio {
  const value = medianOf(peer, 'seconds') / medianOf(ours, 'seconds');
  return { what: `speed, ${ours.name} / ${peer.name}`, value, least: goal };
}
