/** The report, from merged moments: a pure function of what the run counted. */
import { InvariantError } from '../../schemas/errors.js';
import { EVERY, type Moments } from '../../schemas/moments.js';
import {
  type Certificate,
  type PairReport,
  type Problem,
  type RateReport,
  REPORT_VERSION,
  type Report,
  type StageReport,
  type WeightsReport,
} from '../../schemas/report.js';
import type { TagNames } from '../../schemas/tags.js';
import { type Agreement, agreementReport } from './agreement.js';
import { type ExampleSample, examplesOf } from './examples.js';
import { readHistogram, type WeightHistogram } from './histogram.js';
import { type AssociationSummary, association, attributeFigure, effective, pairFigure } from './measures.js';
import { accumulate, cellOf } from './moments.js';
import { twoSidedZ } from './normal.js';

/** Ours: a report stays readable, and small, however many pairs are rare or files are bad. */
export const MAXIMUM_LISTED = 100;
/** Decimal digits of a figure in report.json; what is beyond them is rounding. */
const DIGITS = 12;
const RESERVED_STAGES = ['raw', 'balanced', 'resampled', 'weighted', 'random', 'model'];

/** What balancing gave: absent where a run only counts. */
export interface BalanceOutcome {
  readonly certificate: Certificate;
  /** Rows that passed every filter, with their weights q. */
  readonly balanced: Moments;
  /** The same rows with their copies as weights. */
  readonly resampled: Moments;
  /** The same rows with the copies of the random control. */
  readonly random: Moments;
  /** The weights of those rows. */
  readonly weights: WeightHistogram;
}

export interface ReportInput {
  /** Rows of the input as the footers tell, or as read where they do not. */
  readonly read: number;
  /** Reason: rows, in the order in which they are to be shown. Together with the kept rows they are all rows read. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Names of the filters, in order; a repeated name is numbered. */
  readonly filters: readonly string[];
  /** [filters + 1]: rows that left at each filter, and then those that passed all (see `addCounts`). */
  readonly exits: readonly Moments[];
  /** Captions of rows that passed all filters; null, or left out: none. */
  readonly examples?: ExampleSample | null;
  readonly balance?: BalanceOutcome;
  readonly names: TagNames;
  /** [m] target shares. */
  readonly targets: readonly number[];
  readonly problems: { readonly count: number; readonly list: readonly Problem[] };
  readonly options: {
    readonly minimumSupport: number;
    readonly confidence: number;
    readonly worst: number;
    readonly pairs: number;
  };
  /** Of attributes that merge sources, in all rows that were read. */
  readonly agreement?: readonly Agreement[] | undefined;
  /** What other rates would give, where that was computed. */
  readonly rates?: readonly RateReport[] | undefined;
  /** Patterns of the sample that they were computed on; undefined where it was all of them. */
  readonly ratesSample?: number | undefined;
  /** Echoed. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** Every number in a JSON value, rounded to 12 significant digits. */
export function rounded<T>(value: T): T {
  if (typeof value === 'number') return (Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS))) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, x]) => [key, rounded(x)])) as T;
}

/** Stage names of the filters: a name that is taken gets ' (2)', ' (3)', ... */
export function stageNames(filters: readonly string[]): string[] {
  const taken = new Set(RESERVED_STAGES);
  return filters.map((filter) => {
    let name = filter;
    for (let n = 2; taken.has(name); n++) name = `${filter} (${n})`;
    taken.add(name);
    return name;
  });
}

function requireEqual(what: string, parts: Readonly<Record<string, number>>, expected: number): void {
  const sum = Object.values(parts).reduce((a, b) => a + b, 0);
  if (sum === expected) return;
  const list = Object.entries(parts).map(([name, rows]) => `${name} ${rows}`);
  throw new InvariantError(`conservation: ${what} ${expected}, but ${list.join(' + ')} = ${sum}`);
}

/** Moments of a stage, and its pairs ranked. */
export interface CountedStage {
  readonly name: string;
  readonly rows: number;
  readonly moments: Moments;
  readonly association: AssociationSummary;
}

export function stageReport(
  { name, rows, moments, association }: CountedStage,
  {
    names,
    targets,
    options,
  }: Pick<ReportInput, 'names' | 'targets'> & { readonly options: { readonly confidence: number } },
): StageReport {
  const z = twoSidedZ(options.confidence);
  const attributes = names.attributes.map((attribute, k) => ({
    attribute,
    target: targets[k],
    ...attributeFigure(moments, k, targets[k], z),
  }));
  const all = cellOf(moments, EVERY);
  const ess = effective(all);
  const rbs = attributes.flatMap(({ rb }) => (rb === null ? [] : [rb]));
  const worst = association.worst[0];
  return {
    stage: name,
    rows,
    weight: all.weight,
    rb: rbs.length === 0 ? null : Math.max(...rbs),
    ab: association.maximum,
    ess,
    designEffect: ess > 0 ? rows / ess : null,
    attributes,
    association: {
      value: association.maximum,
      attribute: worst === undefined ? null : names.attributes[worst.attribute],
      label: worst === undefined ? null : names.labels[worst.label],
      interval: association.interval,
      mean: association.mean,
      ranked: association.ranked,
      unranked: association.unranked,
    },
  };
}

function pairReports(
  raw: CountedStage,
  balanced: CountedStage | undefined,
  names: TagNames,
  examples: ExampleSample | null,
): PairReport[] {
  const c = names.labels.length;
  const worst = [...raw.association.worst, ...(balanced?.association.worst ?? [])];
  const numbers = new Set(worst.map(({ attribute, label }) => attribute * c + label));
  return Array.from(numbers, (number) => {
    const [k, r] = [Math.floor(number / c), number % c];
    return {
      attribute: names.attributes[k],
      label: names.labels[r],
      raw: pairFigure(raw.moments, k, r, raw.association.z),
      balanced: balanced === undefined ? null : pairFigure(balanced.moments, k, r, balanced.association.z),
      ...(examples === null ? {} : { examples: examplesOf(examples, k, r) }),
    };
  });
}

function certificateReport(certificate: Certificate | undefined): Certificate | null {
  if (certificate === undefined) return null;
  const worstFirst = [...certificate.violated].sort((a, b) => b.violation - a.violation);
  return { ...certificate, violated: worstFirst.slice(0, MAXIMUM_LISTED) };
}

function weightsReport({ balanced, weights }: BalanceOutcome): WeightsReport {
  const { rows, zero, atMaximum, bins } = readHistogram(weights);
  const all = cellOf(balanced, EVERY);
  const ess = effective(all);
  const share = (part: number) => (rows > 0 ? part / rows : null);
  return {
    rows,
    mean: share(all.weight),
    maximum: weights.maximum,
    zeroShare: share(zero),
    maximumShare: share(atMaximum),
    ess,
    designEffect: ess > 0 ? rows / ess : null,
    histogram: bins,
  };
}

/**
 * Builds the report. Throws InvariantError, with the numbers, where rows do not add up: read and kept + dropped, survivors of
 * the filters and rows weighted.
 */
export function buildReport(input: ReportInput): Report {
  const { names, options, balance, exits } = input;
  if (exits.length !== input.filters.length + 1) {
    throw new InvariantError(`report: ${input.filters.length} filters have ${exits.length} exits, expected one more`);
  }
  const settings = { ...options, worst: options.pairs, listed: MAXIMUM_LISTED };
  const stage = (name: string, moments: Moments, rows: number): CountedStage => {
    return { name, rows, moments, association: association(moments, settings) };
  };
  const supportOf = (moments: Moments) => cellOf(moments, EVERY).support;
  const counted = accumulate(exits);
  const stages = ['raw', ...stageNames(input.filters)].map((name, i) => stage(name, counted[i], supportOf(counted[i])));
  const survivors = stages[stages.length - 1].rows;
  let balanced: CountedStage | undefined;
  let kept = survivors;
  let written = survivors;
  if (balance !== undefined) {
    const { rows, zero } = readHistogram(balance.weights);
    requireEqual('rows that passed the filters', { weighted: rows }, survivors);
    requireEqual('rows weighted', { 'weight 0': zero, 'with weight': supportOf(balance.balanced) }, rows);
    balanced = stage('balanced', balance.balanced, rows);
    kept = supportOf(balance.resampled);
    written = cellOf(balance.resampled, EVERY).weight;
    stages.push(balanced, stage('resampled', balance.resampled, kept));
    stages.push(stage('random', balance.random, supportOf(balance.random)));
  }
  requireEqual('rows read', { kept, ...input.dropped }, input.read);
  const raw = stages[0];
  const figures = rounded({
    rows: { read: input.read, kept, written, dropped: { ...input.dropped } },
    certificate: certificateReport(balance?.certificate),
    bias: stages.map((s) => stageReport(s, input)),
    pairs: pairReports(raw, balanced, names, input.examples ?? null),
    unranked: {
      count: raw.association.unranked,
      pairs: raw.association.unrankedPairs.map(({ attribute, label, support }) => {
        return { attribute: names.attributes[attribute], label: names.labels[label], support };
      }),
    },
    ...(input.agreement !== undefined && {
      agreement: input.agreement.map((of) => agreementReport(of, twoSidedZ(options.confidence))),
    }),
    weights: balance === undefined ? null : weightsReport(balance),
    ...(input.rates !== undefined && { rates: [...input.rates] }),
    ...(input.ratesSample !== undefined && { ratesSample: input.ratesSample }),
  });
  return {
    version: REPORT_VERSION,
    ...figures,
    problems: { count: input.problems.count, list: input.problems.list.slice(0, MAXIMUM_LISTED) },
    options: { ...options },
    config: { ...input.config },
    versions: { ...input.versions },
  };
}
