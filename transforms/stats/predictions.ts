/**
 * What a trained model predicts, counted by the attributes of the examples: sums of scores by label and attribute, a predicted label being
 * a score of 1. A commutative monoid, exact: scores are rounded to multiples of 2^-30.
 */

import { InputError } from '../../schemas/errors.js';
import { addUnits, createSums, type ExactSums, mergeSums, sumValue, toUnits } from '../../schemas/exact-sum.js';
import { EVERY, type Moments } from '../../schemas/moments.js';
import { MAXIMUM_LABELS, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { emptyMoments, unitSums, widthOf } from './moments.js';
import { ByteReader, ByteWriter } from './varint.js';

/** Sums of one label, [2 m + 1]: examples with a score above 0, and their scores and squared scores. */
interface LabelSums {
  readonly support: Float64Array;
  readonly scores: ExactSums;
  readonly squares: ExactSums;
}

export interface Predictions {
  /** m */
  readonly attributes: number;
  rows: number;
  /** [2 m + 1] examples, by the columns of Moments. */
  readonly examples: Float64Array;
  readonly labels: Map<string, LabelSums>;
  /** [m] examples of which the attribute itself was predicted, and the sums of what was. */
  readonly predicted: { readonly support: Float64Array; readonly scores: ExactSums };
}

export function emptyPredictions(attributes: number): Predictions {
  return {
    attributes,
    rows: 0,
    examples: new Float64Array(2 * attributes + 1),
    labels: new Map(),
    predicted: { support: new Float64Array(attributes), scores: createSums(attributes) },
  };
}

function emptySums(width: number): LabelSums {
  return { support: new Float64Array(width), scores: createSums(width), squares: createSums(width) };
}

/** Throws InputError where there are more labels than MAXIMUM_LABELS. */
function sumsOf({ labels, attributes }: Predictions, label: string): LabelSums {
  let sums = labels.get(label);
  if (sums === undefined) {
    if (labels.size === MAXIMUM_LABELS) {
      const expected = `at most ${MAXIMUM_LABELS} distinct labels`;
      throw new InputError('predictions', {
        expected,
        got: 'more',
        hint: 'Is stats.predictions.label the right column?',
      });
    }
    sums = emptySums(2 * attributes + 1);
    labels.set(label, sums);
  }
  return sums;
}

/** Columns of Moments that a row is in, the first `n` of `columns`. */
function columnsOf(tags: Tags, row: number, m: number, columns: Int32Array): number {
  let n = 1;
  for (let k = 0; k < m; k++) {
    const s = tags.attributes[row * m + k];
    if (s < UNKNOWN) columns[n++] = 1 + 2 * k + s;
  }
  return n;
}

/** Throws InputError for what is no number from 0 to 1. */
function requireScore(score: number, column: string): void {
  if (score >= 0 && score <= 1) return;
  throw new InputError('score', { place: `column ${column}`, expected: 'a number from 0 to 1', got: `${score}` });
}

/** The examples of a batch, and their scores: a column for each label, NaN where there is none, which counts as 0. */
export function addScores(
  into: Predictions,
  tags: Tags,
  columns: readonly { readonly label: string; readonly values: Float64Array }[],
): void {
  const cells = new Int32Array(into.attributes + 1);
  const sums = columns.map(({ label }) => sumsOf(into, label));
  for (let row = 0; row < tags.rows; row++) {
    const n = columnsOf(tags, row, into.attributes, cells);
    into.rows++;
    for (let i = 0; i < n; i++) into.examples[cells[i]]++;
    columns.forEach(({ label, values }, c) => {
      const score = values[row];
      if (Number.isNaN(score) || score === 0) return;
      requireScore(score, label);
      addScore(sums[c], score, cells, n);
    });
  }
}

function addScore({ support, scores, squares }: LabelSums, score: number, cells: Int32Array, n: number): void {
  const units = toUnits(score);
  const squareUnits = toUnits(score * score);
  for (let i = 0; i < n; i++) {
    support[cells[i]]++;
    addUnits(scores, cells[i], units);
    addUnits(squares, cells[i], squareUnits);
  }
}

/** The examples of a batch, each with its predicted labels. */
export function addLabels(into: Predictions, tags: Tags, labelsOf: (row: number) => readonly string[]): void {
  const cells = new Int32Array(into.attributes + 1);
  for (let row = 0; row < tags.rows; row++) {
    const n = columnsOf(tags, row, into.attributes, cells);
    into.rows++;
    for (let i = 0; i < n; i++) into.examples[cells[i]]++;
    for (const label of new Set(labelsOf(row))) addScore(sumsOf(into, label), 1, cells, n);
  }
}

/** What was predicted of attribute k in each row, 0 to 1; NaN where nothing was. */
export function addPredicted({ predicted }: Predictions, k: number, values: Float64Array, column: string): void {
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    requireScore(value, column);
    predicted.support[k]++;
    addUnits(predicted.scores, k, toUnits(value));
  }
}

function addAll(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] += from[i];
}

/** Adds `from`, of as many attributes, to `into` and returns `into`. Throws InputError where there are then too many labels. */
export function mergePredictions(into: Predictions, from: Predictions): Predictions {
  into.rows += from.rows;
  addAll(into.examples, from.examples);
  for (const [label, { support, scores, squares }] of from.labels) {
    const sums = sumsOf(into, label);
    addAll(sums.support, support);
    mergeSums(sums.scores, scores);
    mergeSums(sums.squares, squares);
  }
  addAll(into.predicted.support, from.predicted.support);
  mergeSums(into.predicted.scores, from.predicted.scores);
  return into;
}

function writeSums(out: ByteWriter, support: Float64Array, sums: readonly ExactSums[]): void {
  support.forEach((rows, i) => {
    out.number(rows);
    for (const { hi, lo } of sums) {
      out.number(hi[i]);
      out.number(lo[i]);
    }
  });
}

function readSums(from: ByteReader, support: Float64Array, sums: readonly ExactSums[]): void {
  for (let i = 0; i < support.length; i++) {
    support[i] = from.number();
    for (const { hi, lo } of sums) {
      hi[i] = from.number();
      lo[i] = from.number();
    }
  }
}

/** Labels in the order of their code units. */
export function labelsOf({ labels }: Predictions): string[] {
  return [...labels.keys()].sort();
}

/** Canonical. */
export function encodePredictions(predictions: Predictions): Uint8Array {
  const out = new ByteWriter();
  out.number(predictions.attributes);
  out.number(predictions.rows);
  writeSums(out, predictions.examples, []);
  writeSums(out, predictions.predicted.support, [predictions.predicted.scores]);
  const names = labelsOf(predictions);
  out.number(names.length);
  for (const name of names) {
    const { support, scores, squares } = predictions.labels.get(name)!;
    out.text(new TextEncoder().encode(name));
    writeSums(out, support, [scores, squares]);
  }
  return out.take();
}

/** Throws InputError for bytes that are not of `attributes` attributes. */
export function decodePredictions(bytes: Uint8Array, attributes: number): Predictions {
  const from = new ByteReader('predictions', bytes);
  const predictions = emptyPredictions(from.number(attributes));
  predictions.rows = from.number();
  readSums(from, predictions.examples, []);
  readSums(from, predictions.predicted.support, [predictions.predicted.scores]);
  const names = from.number(MAXIMUM_LABELS);
  for (let i = 0; i < names; i++) {
    const { support, scores, squares } = sumsOf(predictions, new TextDecoder().decode(from.text()));
    readSums(from, support, [scores, squares]);
  }
  from.end();
  return predictions;
}

/**
 * The predictions as Moments, labels in the order of `labelsOf`: all examples count 1, and an example counts for a label as much as its
 * score. E[label | attribute] is then the mean score, and what is read from Moments holds for it.
 */
export function momentsOf(predictions: Predictions): Moments {
  const names = labelsOf(predictions);
  const moments = emptyMoments(predictions.attributes, names.length);
  const width = widthOf(moments);
  const support = new Float64Array((names.length + 1) * width);
  support.set(predictions.examples, EVERY * width);
  const [weights, squares] = [unitSums(support), unitSums(support)];
  names.forEach((name, r) => {
    const sums = predictions.labels.get(name)!;
    const at = (r + 1) * width;
    support.set(sums.support, at);
    weights.hi.set(sums.scores.hi, at);
    weights.lo.set(sums.scores.lo, at);
    squares.hi.set(sums.squares.hi, at);
    squares.lo.set(sums.squares.lo, at);
  });
  moments.support = support;
  moments.weighted = { weights, squares };
  return moments;
}

/** Mean prediction of attribute k, and of how many examples; null where of none. */
export function predictedShare({ predicted }: Predictions, k: number): { share: number | null; support: number } {
  const support = predicted.support[k];
  return { support, share: support > 0 ? Math.min(1, sumValue(predicted.scores, k) / support) : null };
}
