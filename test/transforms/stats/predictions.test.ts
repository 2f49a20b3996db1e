import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { pairFigure } from '../../../transforms/stats/measures.js';
import {
  addLabels,
  addPredicted,
  addScores,
  decodePredictions,
  emptyPredictions,
  encodePredictions,
  labelsOf,
  mergePredictions,
  momentsOf,
  predictedShare,
} from '../../../transforms/stats/predictions.js';
import { tagsOf } from './rows.js';

interface Scored {
  readonly s: number;
  readonly scores: readonly number[];
}

const NAMES = ['nurse', 'doctor'];
const scored: fc.Arbitrary<Scored[]> = fc.array(
  fc.record({
    s: fc.integer({ min: 0, max: 2 }),
    scores: fc.array(fc.oneof(fc.constantFrom(0, 1, Number.NaN), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    }),
  }),
  { maxLength: 30 },
);

function predictionsOf(rows: readonly Scored[]) {
  const predictions = emptyPredictions(1);
  const tags = tagsOf(rows.map(({ s }) => ({ s: [s], y: [], q: 1 })));
  addScores(
    predictions,
    tags,
    NAMES.map((label, i) => ({ label, values: Float64Array.from(rows, (r) => r.scores[i]) })),
  );
  addPredicted(
    predictions,
    0,
    Float64Array.from(rows, (r) => r.scores[0]),
    'predicted',
  );
  return predictions;
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

test('AB of scores is the difference of their means, RB that of what is predicted', () => {
  fc.assert(
    fc.property(scored, (rows) => {
      const predictions = predictionsOf(rows);
      const moments = momentsOf(predictions);
      labelsOf(predictions).forEach((label, r) => {
        const i = NAMES.indexOf(label);
        const of = (s: number) => rows.filter((row) => row.s === s).map((row) => row.scores[i] || 0);
        const { difference } = pairFigure(moments, 0, r, 2);
        if (of(0).length === 0 || of(1).length === 0) assert.equal(difference, null);
        else assert.ok(Math.abs(difference! - (mean(of(1)) - mean(of(0)))) < 1e-8);
      });
      const known = rows.map((row) => row.scores[0]).filter((x) => !Number.isNaN(x));
      const { share, support } = predictedShare(predictions, 0);
      assert.equal(support, known.length);
      if (support > 0) assert.ok(Math.abs(share! - mean(known)) < 1e-8);
    }),
  );
});

test('predictions add up exactly, in any order', () => {
  fc.assert(
    fc.property(scored, scored, (a, b) => {
      const merged = mergePredictions(predictionsOf(a), decodePredictions(encodePredictions(predictionsOf(b)), 1));
      assert.deepEqual(encodePredictions(merged), encodePredictions(predictionsOf([...b, ...a])));
    }),
  );
});

test('a predicted label is a score of 1, once', () => {
  const predictions = emptyPredictions(1);
  const tags = tagsOf([1, 1, 0, 2].map((s) => ({ s: [s], y: [], q: 1 })));
  addLabels(predictions, tags, (row) => [['nurse', 'nurse'], ['doctor'], ['doctor'], ['nurse']][row]);
  assert.deepEqual(labelsOf(predictions), ['doctor', 'nurse']);
  assert.equal(pairFigure(momentsOf(predictions), 0, 0, 2).difference, -0.5);
  assert.equal(pairFigure(momentsOf(predictions), 0, 1, 2).difference, 0.5);
});

test('what is no score is refused', () => {
  for (const bad of [-0.1, 1.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => predictionsOf([{ s: 0, scores: [0.5, bad] }]), InputError);
  }
});
