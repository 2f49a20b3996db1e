/** report.json of `stats`, from its state: a pure function, so that what was added up says the same as one run over all. */
import { EVERY, type Moments } from '../../schemas/moments.js';
import type { StageReport } from '../../schemas/report.js';
import {
  STATS_REPORT_VERSION,
  type StatsLabel,
  type StatsReport,
  type StatsSet,
  type StatsWeights,
} from '../../schemas/stats-report.js';
import type { State, StateSet } from '../../schemas/stats-state.js';
import type { TagNames } from '../../schemas/tags.js';
import { agreementReport } from './agreement.js';
import { controlOf, unionOf } from './control.js';
import { type AssociationSummary, effective, labelFigure } from './measures.js';
import { modelReport } from './model-report.js';
import { accumulate, cellOf } from './moments.js';
import { decodeMoments } from './moments-codec.js';
import { twoSidedZ } from './normal.js';
import { type CountedStage, rounded, stageReport } from './report.js';
import { readSketch } from './sketch.js';
import { fromBase64, tallyOf } from './state.js';
import { coOccurrenceReports, distributionReports, slicingReports, wordReports } from './stats-sections.js';
import {
  countedStage,
  pairReports,
  pairStagesOf,
  RANDOM,
  type SetContext,
  type StatsOptions,
  WEIGHTED,
} from './stats-stages.js';
import type { Tally } from './tally.js';

const RAW = 'raw';
/** Bins of the weights' histogram. */
const WEIGHT_BINS = 20;

/** Mean weight over the largest; null where there is no weight. */
function rateOf(tally: Tally): number | null {
  const { weighted, weights } = tally;
  if (weighted === null || weights === null || !(weights.maximum > 0)) return null;
  const rows = [...weights.counts.values()].reduce((sum, n) => sum + n, weights.missing);
  return Math.min(1, cellOf(weighted, EVERY).weight / rows / weights.maximum);
}

/** All stages of a set, in order. */
export function stagesOf(set: StateSet, tally: Tally): { name: string; moments: Moments }[] {
  const filters = set.filters.length;
  const ranges = tally.exits.slice(filters);
  const counted = accumulate([...tally.exits.slice(0, filters), unionOf(ranges)]);
  const stages = [RAW, ...set.filters].map((name, i) => ({ name, moments: counted[i] }));
  if (tally.weighted === null) {
    return [
      ...stages,
      ...set.stages.map(({ stage, moments }) => ({ name: stage, moments: decodeMoments(fromBase64(moments)) })),
    ];
  }
  const rate = rateOf(tally);
  stages.push({ name: WEIGHTED, moments: tally.weighted });
  return rate === null ? stages : [...stages, { name: RANDOM, moments: controlOf(ranges, rate) }];
}

function labelReports(stages: readonly CountedStage[], { names, options }: SetContext): StatsLabel[] {
  const z = twoSidedZ(options.confidence);
  const raw = stages[0].moments;
  const supports = names.labels.map((_, r) => cellOf(raw, EVERY, r + 1).support);
  const order = names.labels.map((_, r) => r).sort((a, b) => supports[b] - supports[a] || a - b);
  return order.slice(0, options.pairs).map((r) => ({
    label: names.labels[r],
    figures: stages.map(({ name, moments }) => ({ stage: name, ...labelFigure(moments, r, z) })),
  }));
}

function weightsReport(tally: Tally, column: string): StatsWeights {
  const { rows, missing, maximum, bins } = readSketch(tally.weights!, [], WEIGHT_BINS);
  const all = cellOf(tally.weighted!, EVERY);
  const ess = effective(all);
  const weighed = rows + missing;
  const share = (part: number) => (weighed > 0 ? part / weighed : null);
  const atMaximum = tally.weights!.atMaximum;
  // The largest weight is in the last bin, and told by itself.
  const last = bins.length - 1;
  const between = bins.map((bin, i) => (i === last ? { ...bin, rows: bin.rows - atMaximum } : bin));
  return {
    column,
    missing,
    rows: weighed,
    mean: share(all.weight),
    maximum: maximum ?? 0,
    rate: rateOf(tally),
    zeroShare: share((tally.weights!.counts.get(0) ?? 0) + missing),
    maximumShare: share(atMaximum),
    ess,
    designEffect: ess > 0 ? all.support / ess : null,
    histogram: between.filter(({ high, rows }) => high > 0 && rows > 0),
  };
}

function unrankedOf({ association }: { association: AssociationSummary }, names: TagNames) {
  return {
    count: association.unranked,
    pairs: association.unrankedPairs.map(({ attribute, label, support }) => ({
      attribute: names.attributes[attribute],
      label: names.labels[label],
      support,
    })),
  };
}

function setReport(set: StateSet, options: StatsOptions): StatsSet {
  const tally = tallyOf(set);
  const names = { attributes: set.attributes.map((a) => a.name), labels: set.labels };
  const context: SetContext = { names, targets: set.attributes.map((a) => a.target), options };
  const filters = set.filters.length;
  const stages = stagesOf(set, tally).map(({ name, moments }) => countedStage(name, moments, options));
  const told = pairStagesOf(stages, filters);
  const { pairs, total } = pairReports(told, context, tally.examples);
  const labels = labelReports(told, context);
  const dropped = Object.fromEntries(set.dropped.filter((d) => d.rows > 0).map(({ reason, rows }) => [reason, rows]));
  const bias: StageReport[] = stages.map((stage) => stageReport(stage, context));
  return {
    name: set.name,
    rows: {
      read: set.read,
      kept: tally.drops[0],
      dropped: set.unreadable > 0 ? { ...dropped, unreadable: set.unreadable } : dropped,
    },
    bias,
    pairStages: told.map((stage) => stage.name),
    pairs,
    pairsLeftOut: Math.max(0, total - pairs.length),
    unranked: unrankedOf(stages[0], names),
    labels,
    labelsLeftOut: names.labels.length - labels.length,
    coOccurrence: set.coOccurrence.length === 0 ? [] : coOccurrenceReports(tally, told, filters, names),
    ...(set.agreement && {
      agreement: set.agreement.map((of) => agreementReport(of, twoSidedZ(options.confidence))),
    }),
    distributions: distributionReports(set, tally),
    words: wordReports(tally, names, options),
    slicings: slicingReports(set, tally, told, context),
    weights: set.weights === null ? null : weightsReport(tally, set.weights.column),
    problems: set.problems,
  };
}

/** Throws InputError where the tables of the state are not of the shape that it tells. */
export function buildStatsReport(state: State): StatsReport {
  const { options } = state;
  const figures = rounded({
    sets: state.sets.map((set) => setReport(set, options)),
    models: state.models.map((model) => modelReport(model, options)),
  });
  return {
    version: STATS_REPORT_VERSION,
    kind: 'stats',
    runs: state.runs,
    inputs: state.sets.map(({ name, files }) => ({ set: name, files: files.count, list: files.list })),
    ...figures,
    options,
    config: state.config,
    versions: { 'm4-balance': state.m4Balance },
  };
}
