/** A report of any size, as a run would write it, without the run: the same for the same arguments. */
import type { PairBias, PairReport, Report, StageReport } from '../schemas/report.js';

export interface ReportShape {
  readonly pairs: number;
  readonly attributes: readonly string[];
  /** Name of a label by its number. */
  label(i: number): string;
  /** Names of what is shown besides pairs: filters, files. */
  readonly filter?: string;
}

const ROWS = 1_000_000;
const CONFIDENCE_WIDTH = 0.01;

/** Falls from 0.3 towards 0 over all pairs, and changes its sign; a tenth of it is left after balancing. */
function bias(i: number, n: number, factor: number): PairBias {
  const difference = factor * 0.3 * (1 - i / n) * (i % 3 === 1 ? -1 : 1);
  const half = CONFIDENCE_WIDTH * (1 + (i % 7) / 7);
  return {
    support: 100 + ((i * 7919) % 5000),
    ab: Math.abs(difference),
    difference,
    interval: { low: difference - half, high: difference + half },
    ratio: i % 11 === 10 ? null : Math.exp(8 * difference),
    share: 0.5 + difference,
    shareInterval: { low: 0.5 + difference - half, high: 0.5 + difference + half },
  };
}

function stage(name: string, rows: number, factor: number, shape: ReportShape, worst: PairReport): StageReport {
  const ab = 0.3 * factor;
  return {
    stage: name,
    rows,
    weight: rows,
    rb: 0.1 * factor,
    ab,
    ess: rows * 0.9,
    designEffect: 1 / 0.9,
    attributes: shape.attributes.map((attribute, k) => {
      const share = 0.5 - (0.1 * factor) / (k + 1);
      const interval = { low: share - 0.002, high: share + 0.002 };
      return { attribute, target: 0.5, share, interval, support: rows / 2, unknown: 0.5, rb: 0.5 - share };
    }),
    association: {
      value: ab,
      attribute: worst.attribute,
      label: worst.label,
      interval: { low: ab - CONFIDENCE_WIDTH, high: ab + CONFIDENCE_WIDTH },
      mean: ab / 2,
      ranked: shape.pairs,
      unranked: 1,
    },
  };
}

export function syntheticReport(shape: ReportShape): Report {
  const { pairs: count, attributes, label, filter = 'side' } = shape;
  const pairs = Array.from({ length: count }, (_, i): PairReport => {
    const attribute = attributes[i % attributes.length]!;
    const raw = bias(i, count, 1);
    return { attribute, label: label(Math.floor(i / attributes.length)), raw, balanced: bias(i, count, 0.1) };
  });
  const kept = ROWS / 2;
  const dropped = ROWS / 10;
  const worst = pairs[0]!;
  return {
    version: 1,
    rows: { read: ROWS, kept, written: kept, dropped: { [filter]: dropped, 'sampled out': ROWS - dropped - kept } },
    certificate: {
      fit: 'exact',
      steps: 12,
      primal: 0.04,
      dual: 0.04,
      gap: 1e-10,
      rate: 0.5,
      feasible: true,
      largestFeasibleRate: 0.6,
      violation: 0,
      violated: [],
    },
    bias: [
      stage('raw', ROWS, 1, shape, worst),
      stage(filter, ROWS - dropped, 1.1, shape, worst),
      stage('balanced', ROWS - dropped, 0.1, shape, worst),
      stage('resampled', kept, 0.12, shape, worst),
      stage('random', kept, 1.05, shape, worst),
    ],
    pairs,
    unranked: { count: 1, pairs: [{ attribute: attributes[0]!, label: label(count), support: 3 }] },
    weights: {
      rows: ROWS - dropped,
      mean: 0.5,
      maximum: 1,
      zeroShare: 0.1,
      maximumShare: 0.2,
      ess: 0.8 * ROWS,
      designEffect: 1.125,
      histogram: Array.from({ length: 20 }, (_, i) => ({ low: i / 20, high: (i + 1) / 20, rows: 1000 * (i + 1) })),
    },
    rates: Array.from({ length: 10 }, (_, i) => {
      const rate = (i + 1) / 10;
      return {
        rate,
        rb: 0.1 * rate,
        ab: 0.3 * rate ** 2,
        violation: Math.max(0, rate - 0.6),
        ess: ROWS * (1 - rate / 4),
      };
    }),
    problems: { count: 1, list: [{ file: `data/${filter}.parquet`, rows: null, message: `no footer in ${filter}` }] },
    options: { minimumSupport: 30, confidence: 0.95, worst: 10, pairs: count },
    config: { filters: [{ [filter]: {} }] },
    versions: { 'm4-balance': '0.0.0' },
  };
}
