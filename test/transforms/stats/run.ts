/** A small finished run, counted as a pipeline would: 600 examples, two filters, weights, copies and a control. */
import type { Certificate } from '../../../schemas/report.js';
import { copies, expand, randomControl } from '../../../transforms/resample/copies.js';
import { addWeights, emptyHistogram } from '../../../transforms/stats/histogram.js';
import { addCounts, addWeighted, emptyMoments } from '../../../transforms/stats/moments.js';
import type { BalanceOutcome, ReportInput } from '../../../transforms/stats/report.js';
import { type Row, tagsOf, weightsOf } from './rows.js';

export const CERTIFICATE: Certificate = {
  fit: 'exact',
  steps: 12,
  primal: 0.0378553212345678,
  dual: 0.0378553212345678,
  gap: 2e-10,
  rate: 0.5,
  feasible: true,
  largestFeasibleRate: 0.6,
  violation: 0,
  violated: [],
};

export const INFEASIBLE: Certificate = {
  ...CERTIFICATE,
  feasible: false,
  largestFeasibleRate: 0.286142,
  violation: 0.167478,
  violated: [
    { attribute: 'female', label: 'nurse', violation: 0.05 },
    { attribute: 'female', label: null, violation: 0.117478 },
  ],
};

const ROWS = 600;

/** `female` is known in 5 of 6 examples and goes with label 0; label 1 is common, label 2 sits on 5 examples. */
function example(i: number): Row {
  const s = i % 6 === 5 ? 2 : i % 3 === 0 ? 1 : 0;
  const y = [
    ...((s === 1 && i % 2 === 0) || i % 7 === 0 ? [0] : []),
    ...(i % 2 === 0 ? [1] : []),
    ...(i < 5 ? [2] : []),
  ];
  return { s: [s], y, q: s === 1 ? 1 : i % 5 === 0 ? 0 : 0.375 };
}

export function finishedRun(
  certificate: Certificate = CERTIFICATE,
): ReportInput & { readonly balance: BalanceOutcome } {
  const rows = Array.from({ length: ROWS }, (_, i) => example(i));
  const tags = tagsOf(rows);
  const weights = weightsOf(rows);
  const uniform = Float64Array.from(rows, (_, i) => ((i * 37) % 101) / 101);
  // Codes: 1 and 2 are both filters called words, 0 passes.
  const drop = Uint8Array.from(rows, (_, i) => (i % 50 === 1 ? 1 : i % 50 === 2 ? 2 : 0));
  const exits = [0, 1, 2].map(() => emptyMoments(1, 3));
  addCounts(exits, tags, drop, Uint8Array.of(2, 0, 1));
  const passed = expand(new Uint8Array(ROWS).fill(1), drop);
  const drawn = copies(weights, uniform, new Uint8Array(ROWS));
  const control = randomControl(Float64Array.from(uniform).reverse(), 0.5, new Uint8Array(ROWS));
  const outcome: BalanceOutcome = {
    certificate,
    balanced: emptyMoments(1, 3),
    resampled: emptyMoments(1, 3),
    random: emptyMoments(1, 3),
    weights: emptyHistogram(1),
  };
  addWeighted(outcome.balanced, tags, weights, passed);
  addWeighted(outcome.resampled, tags, Float64Array.from(drawn), passed);
  addWeighted(outcome.random, tags, Float64Array.from(control), passed);
  addWeights(outcome.weights, weights, passed);
  const zero = passed.filter((i) => weights[i] === 0).length;
  const out = passed.filter((i) => weights[i] > 0 && drawn[i] === 0).length;
  return {
    read: ROWS + 3,
    dropped: { unreadable: 3, words: 12, 'words (2)': 12, 'weight 0': zero, 'sampled out': out },
    filters: ['words', 'words'],
    exits,
    balance: outcome,
    names: { attributes: ['female'], labels: ['nurse', 'person', 'rare'] },
    targets: [0.5],
    problems: { count: 1, list: [{ file: 'a.parquet', rows: 3, message: 'row group 2 is truncated.' }] },
    options: { minimumSupport: 30, confidence: 0.95, worst: 1, pairs: 1 },
    config: { balance: { rate: 0.12345678901234568 } },
    versions: { 'm4-balance': '0.1.0' },
  };
}
