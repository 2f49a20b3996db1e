/** Sections of the report of `stats`: attributes together, distributions, words, slices. */

import { EVERY } from '../../schemas/moments.js';
import type { CoOccurrence, Distribution, Sampling, Slicing, StatsSet } from '../../schemas/stats-report.js';
import type { StateSet } from '../../schemas/stats-state.js';
import type { TagNames } from '../../schemas/tags.js';
import { type CoOccurrences, coOccurrenceOf, emptyCoOccurrences, mergeCoOccurrences } from './co-occurrence.js';
import { cellOf } from './moments.js';
import { type CountedStage, stageReport } from './report.js';
import { emptySketch, mergeSketches, RELATIVE_ERROR, readSketch, type Sketch } from './sketch.js';
import { type SlicedValue, slicedValues, sliceStages } from './slice-stages.js';
import { countedStage, type SetContext, type StatsOptions, WEIGHTED } from './stats-stages.js';
import type { Tally } from './tally.js';
import type { ValueTable } from './value-table.js';
import { type CountedWords, countedWords, wordFigure } from './word-figures.js';

/** Ours: what people ask of a length or a size. */
const PROBABILITIES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
const BINS = 40;
function sum<T>(into: T, parts: readonly T[], merge: (into: T, from: T) => T): T {
  return parts.reduce(merge, into);
}

/** phi, the correlation of two binary attributes, from their four cells; null where one of them does not vary. */
function phiOf(both: number, first: number, second: number, neither: number): number | null {
  const scale = Math.sqrt((both + first) * (second + neither) * (both + second) * (first + neither));
  return scale > 0 ? Math.min(1, Math.max(-1, (both * neither - first * second) / scale)) : null;
}

/** How attributes go together in each told stage that has a table of it: raw, after the last filter, weighted. */
export function coOccurrenceReports(
  { coOccurrences }: Tally,
  told: readonly CountedStage[],
  filters: number,
  names: TagNames,
): CoOccurrence[] {
  const m = names.attributes.length;
  const [dropped, kept, weighted] = coOccurrences;
  const raw = sum(emptyCoOccurrences(m), [dropped, kept], mergeCoOccurrences);
  const tables: [CountedStage | undefined, CoOccurrences | undefined][] = [
    [told[0], raw],
    [filters > 0 ? told[1] : undefined, kept],
    [told.find((stage) => stage.name === WEIGHTED), weighted],
  ];
  return tables.flatMap(([stage, table]) => {
    if (stage === undefined || table === undefined) return [];
    const total = cellOf(stage.moments, EVERY).weight;
    return names.attributes.flatMap((attribute, k) =>
      names.attributes.slice(k + 1).map((other, i) => {
        const cells = [0, 1, 2, 3].map((cell) => coOccurrenceOf(table, k, k + 1 + i, cell));
        const [neither, second, first, both] = cells.map((cell) => cell.weight);
        return {
          attribute,
          other,
          stage: stage.name,
          both,
          first,
          second,
          neither,
          unknown: Math.max(0, total - both - first - second - neither),
          phi: phiOf(both, first, second, neither),
          support: cells.reduce((rows, cell) => rows + cell.support, 0),
        };
      }),
    );
  });
}

/** Distributions of the raw data and, where there are filters, after the last. */
export function distributionReports(set: StateSet, { dropped, kept }: Tally): Distribution[] {
  const report = (i: number, stage: string, sketch: Sketch): Distribution => ({
    name: set.distributions[i].name,
    unit: set.distributions[i].unit,
    stage,
    ...readSketch(sketch, PROBABILITIES, BINS),
    relativeError: RELATIVE_ERROR,
  });
  const last = set.filters.at(-1);
  return kept.flatMap((sketch, i) => [
    report(i, 'raw', sum(emptySketch(), [dropped[i], sketch], mergeSketches)),
    ...(last === undefined ? [] : [report(i, last, sketch)]),
  ]);
}

/** How a table of words was kept. */
export function samplingOf({ level }: ValueTable, { rows, words }: CountedWords): Sampling {
  return { rate: 2 ** -level, rows, values: words.length };
}

/** Words by attribute, of captions that passed all filters; only those with the minimum support. */
export function wordReports(
  { words: table }: Tally,
  { attributes }: TagNames,
  { minimumSupport, words: shown }: StatsOptions,
): StatsSet['words'] {
  if (table === null) return null;
  const { rows, words: counted } = countedWords(table);
  return {
    sampling: samplingOf(table, { rows, words: counted }),
    attributes: attributes.map((attribute, k) => {
      const totals = { absent: 0, present: 0 };
      for (const { sides } of counted) {
        const { absent, present } = sides(k);
        totals.absent += absent;
        totals.present += present;
      }
      const supported = counted.filter(({ sides }) => sides(k).absent + sides(k).present >= minimumSupport);
      const figures =
        totals.absent > 0 && totals.present > 0
          ? supported.map(({ word, sides }) => wordFigure(word, sides(k), totals))
          : [];
      // Words come in the order of their bytes, and the sort is stable.
      figures.sort((a, b) => b.z - a.z);
      return {
        attribute,
        present: figures.filter(({ z }) => z > 0).slice(0, shown),
        absent: figures
          .filter(({ z }) => z < 0)
          .reverse()
          .slice(0, shown),
      };
    }),
  };
}

function slicingReport(table: ValueTable, told: readonly CountedStage[], filters: number, context: SetContext) {
  const { names, options } = context;
  const { present, missing } = slicedValues(table, names.attributes.length);
  const shown = present.slice(0, options.values);
  const rest = present.slice(options.values);
  const biasOf = (some: readonly SlicedValue[]) =>
    sliceStages(table, some, { names, filters, told: told.map(({ name }) => name) }).map(({ name, moments }) =>
      stageReport(countedStage(name, moments, options), context),
    );
  const rowsOf = (some: readonly { readonly rows: number }[]) => some.reduce((rows, entry) => rows + entry.rows, 0);
  const rows = rowsOf(present) + (missing?.rows ?? 0);
  return {
    sampling: { rate: 2 ** -table.level, rows, values: present.length },
    slices: shown.map((entry) => ({ value: entry.value, rows: entry.rows, bias: biasOf([entry]) })),
    other: rest.length === 0 ? null : { values: rest.length, rows: rowsOf(rest), bias: biasOf(rest) },
    missing: missing === undefined ? null : { rows: missing.rows, bias: biasOf([missing]) },
  };
}

/** Figures by slice: the values with the most rows, all others together, and rows without a value. */
export function slicingReports(
  set: StateSet,
  tally: Tally,
  told: readonly CountedStage[],
  context: SetContext,
): Slicing[] {
  return set.slicings.map(({ name, by }, i) => ({
    name,
    by,
    ...slicingReport(tally.slicings[i], told, set.filters.length, context),
  }));
}
