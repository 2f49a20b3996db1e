/** How far the sources of an attribute agree: rows by the verdicts of each two of them. A commutative monoid, exact; and the figures that are read from it. */
import { InvariantError } from '../../schemas/errors.js';
import type { AgreementReport } from '../../schemas/report.js';
import type { StateSet } from '../../schemas/stats-state.js';
import { ABSENT, type MergedNames, PRESENT, type TagNames, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { countVerdicts, PAIR_CELLS, pairCell, verdictCells } from '../tag/merge.js';
import { wilson } from './intervals.js';

/** By attribute that merges sources: [sources, sources, PAIR_CELLS], as `countVerdicts` counts. */
export type Agreements = readonly Float64Array[];

/** The table of an attribute, [sources, sources, PAIR_CELLS], with what it is of. */
export type Agreement = NonNullable<StateSet['agreement']>[number];

/** How many sources each attribute has that merges some. */
export function sourceCounts({ merged = [] }: TagNames): number[] {
  return merged.map(({ sources }) => sources.length);
}

/** @param sources how many each merged attribute has */
export function emptyAgreements(sources: readonly number[]): Agreements {
  return sources.map((count) => new Float64Array(verdictCells(count)));
}

/** Counts every row of a batch. `tags` are straight from the tagger. */
export function addAgreements(into: Agreements, merged: readonly MergedNames[], tags: Tags): void {
  if (merged.length === 0 || tags.rows === 0) return;
  if (tags.sources === undefined) throw new InvariantError('agreement: tags without their sources');
  const width = tags.sources.length / tags.rows;
  merged.forEach(({ sources, column }, i) => {
    countVerdicts(into[i]!, tags.sources!, tags.rows, width, column, sources.length);
  });
}

/** Adds `from`, of the same shape, to `into`. */
export function mergeAgreements(into: Agreements, from: Agreements): void {
  into.forEach((table, i) => {
    for (let cell = 0; cell < table.length; cell++) table[cell]! += from[i]![cell]!;
  });
}

/** The tables with what they are of. */
export function namedAgreements(merged: readonly MergedNames[], tables: Agreements): Agreement[] {
  return merged.map(({ attribute, sources }, i) => ({ attribute, sources: [...sources], counts: [...tables[i]!] }));
}

/** Cohen's kappa (Educational and Psychological Measurement 20, 1960) of two verdicts; null where chance alone would agree always. */
function kappaOf(both: number, first: number, second: number, neither: number): number | null {
  const n = both + first + second + neither;
  if (n === 0) return null;
  const chance = ((both + first) * (both + second) + (second + neither) * (first + neither)) / (n * n);
  return chance < 1 ? ((both + neither) / n - chance) / (1 - chance) : null;
}

/** Figures of each two sources; `z` is the two-sided normal quantile of the intervals. */
export function agreementReport({ attribute, sources, counts }: Agreement, z: number): AgreementReport {
  const cell = (i: number, j: number, one: number, other: number) =>
    counts[(i * sources.length + j) * PAIR_CELLS + pairCell(one, other)]!;
  const says = (i: number, verdict: number) => cell(i, i, verdict, verdict);
  return {
    attribute,
    sources: sources.map((source, i) => ({
      source,
      present: says(i, PRESENT),
      absent: says(i, ABSENT),
      unknown: says(i, UNKNOWN),
    })),
    pairs: sources.flatMap((source, i) =>
      sources.slice(i + 1).map((other, after) => {
        const j = i + 1 + after;
        const both = cell(i, j, PRESENT, PRESENT);
        const first = cell(i, j, PRESENT, ABSENT);
        const second = cell(i, j, ABSENT, PRESENT);
        const neither = cell(i, j, ABSENT, ABSENT);
        const known = both + first + second + neither;
        const agreement = known > 0 ? (both + neither) / known : null;
        const interval = wilson(agreement ?? 0.5, known, z);
        const kappa = kappaOf(both, first, second, neither);
        return { source, other, known, both, first, second, neither, agreement, interval, kappa };
      }),
    ),
  };
}
