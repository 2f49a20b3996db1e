/** A report of `stats` with all that one can have: two data sets, a model, slices, distributions, words. */
import { syntheticReport } from '../../bench/synthetic-report.js';
import type { PairBias, StageReport } from '../../schemas/report.js';
import type { Distribution, Slicing, StatsPairFigure, StatsReport, StatsSet } from '../../schemas/stats-report.js';

const STAGES = ['raw', 'weighted', 'random'];

/** `name` gives the names of labels, values and words by number. */
export function statsReportOf(name: (i: number) => string): StatsReport {
  const base = syntheticReport({ pairs: 40, attributes: ['female', 'older'], label: name });
  const stage = (i: number, called: string): StageReport => ({ ...base.bias[i]!, stage: called });
  const bias = [stage(0, 'raw'), stage(2, 'weighted'), stage(4, 'random')];
  const figures = (pair: PairBias, called: string): StatsPairFigure => {
    return { ...pair, stage: called, ranked: true, npmi: 0.1, logOdds: null, logOddsInterval: null };
  };
  const pairs = base.pairs.map(({ attribute, label, raw, balanced }) => ({
    attribute,
    label,
    figures: STAGES.map((called, i) => figures(i === 1 ? balanced! : raw, called)),
  }));
  const sampling = { rate: 0.5, rows: 1000, values: 30 };
  const slicing: Slicing = {
    name: 'domain',
    by: 'domain',
    sampling,
    slices: [0, 1, 2].map((i) => ({ value: name(i), rows: 100 - i, bias: bias.slice(0, 2) })),
    other: { values: 9, rows: 40, bias: bias.slice(0, 2) },
    missing: { rows: 4, bias: bias.slice(0, 2).map((one) => ({ ...one, ab: null, rb: null })) },
  };
  const distribution: Distribution = {
    name: 'characters',
    unit: 'characters',
    stage: 'raw',
    rows: 1000,
    missing: 3,
    minimum: 0,
    maximum: 400,
    mean: 61.23,
    quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map((probability) => ({ probability, value: 100 * probability })),
    relativeError: 0.01,
    bins: [
      { low: 0, high: 0, rows: 10 },
      ...Array.from({ length: 9 }, (_, i) => ({ low: 2 ** i, high: 2 ** (i + 1), rows: 10 * i })),
    ],
  };
  const shares = { share: 0.1, interval: { low: 0.08, high: 0.12 }, support: 100 };
  const word = (i: number, sign: number) => ({ word: name(i), logOdds: sign, z: sign * 3, present: 40, absent: 4 });
  const set: StatsSet = {
    name: 'data',
    rows: { read: base.rows.read, kept: 900_000, dropped: { 'words: too few': 100_000 } },
    bias,
    pairStages: STAGES,
    pairs,
    pairsLeftOut: 2,
    unranked: base.unranked,
    labels: [0, 1].map((i) => ({ label: name(i), figures: STAGES.map((called) => ({ stage: called, ...shares })) })),
    labelsLeftOut: 1,
    coOccurrence: [
      {
        attribute: 'female',
        other: 'older',
        stage: 'raw',
        both: 4,
        first: 5,
        second: 6,
        neither: 7,
        unknown: 8,
        phi: -0.1,
        support: 22,
      },
    ],
    distributions: [distribution, { ...distribution, stage: 'weighted' }],
    words: { sampling, attributes: [{ attribute: 'female', present: [word(0, 1)], absent: [word(1, -1)] }] },
    slicings: [slicing],
    weights: { ...base.weights!, column: name(3), missing: 0, rate: 0.5 },
    problems: base.problems,
  };
  const model = pairs.map((pair) => ({ ...pair, figures: [{ ...pair.figures[0]!, stage: 'model' }] }));
  return {
    version: 1,
    kind: 'stats',
    runs: ['0'],
    inputs: [{ set: 'data', files: 1, list: ['a.parquet'] }],
    sets: [set, { ...set, name: 'other' }],
    models: [
      {
        name: 'model',
        rows: 1000,
        predicts: 'labels',
        representation: [base.bias[0]!.attributes[0]!],
        bias: [stage(0, 'model')],
        pairs: model,
        pairsLeftOut: 0,
      },
    ],
    options: { minimumSupport: 30, confidence: 0.95, worst: 10, pairs: 40, values: 20, words: 20 },
    config: {},
    versions: { 'm4-balance': '0.0.0' },
  };
}
