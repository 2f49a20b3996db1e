/** The stages of a data set or a model with their pairs, as the report of `stats` tells them. */
import { EVERY, type Moments } from '../../schemas/moments.js';
import type { StatsPair } from '../../schemas/stats-report.js';
import type { State } from '../../schemas/stats-state.js';
import type { TagNames } from '../../schemas/tags.js';
import { association, mutualFigure, pairFigure } from './measures.js';
import { cellOf } from './moments.js';
import { type CountedStage, MAXIMUM_LISTED } from './report.js';

export const WEIGHTED = 'weighted';
export const RANDOM = 'random';

export type StatsOptions = State['options'];

/** What the figures of a set are computed with. */
export interface SetContext {
  readonly names: TagNames;
  /** [m] */
  readonly targets: readonly number[];
  readonly options: StatsOptions;
}

/** A stage, its pairs ranked: all those with enough support, at most `pairs` of them. */
export function countedStage(name: string, moments: Moments, options: StatsOptions): CountedStage {
  const settings = { ...options, worst: options.pairs, listed: MAXIMUM_LISTED };
  return { name, rows: cellOf(moments, EVERY).support, moments, association: association(moments, settings) };
}

/** Stages for which pairs are told: raw, after the last filter, and those after it. */
export function pairStagesOf<T>(stages: readonly T[], filters: number): T[] {
  return stages.filter((_, i) => i === 0 || i >= filters);
}

/** Pairs ranked in some stage, the largest AB of any stage first; at most `pairs`. `total`: those that are ranked. */
export function pairReports(
  stages: readonly CountedStage[],
  { names, options }: SetContext,
): { pairs: StatsPair[]; total: number } {
  const c = names.labels.length;
  const largest = new Map<number, number>();
  for (const { name, association } of stages) {
    // What chance gives is no reason to look at a pair.
    if (name === RANDOM) continue;
    for (const { attribute, label, ab } of association.worst) {
      const pair = attribute * c + label;
      largest.set(pair, Math.max(ab, largest.get(pair) ?? 0));
    }
  }
  const ordered = [...largest].sort(([a, x], [b, y]) => y - x || a - b).slice(0, options.pairs);
  const ranked = Math.max(largest.size, ...stages.map((s) => s.association.ranked));
  const pairs = ordered.map(([pair]) => {
    const [k, r] = [Math.floor(pair / c), pair % c];
    const figures = stages.map(({ name, moments, association }) => {
      const figure = pairFigure(moments, k, r, association.z);
      return {
        stage: name,
        ranked: figure.support >= options.minimumSupport,
        ...figure,
        ...mutualFigure(moments, k, r, association.z),
      };
    });
    return { attribute: names.attributes[k], label: names.labels[r], figures };
  });
  return { pairs, total: ranked };
}
