import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Data, Float32, Float64, Int32, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { InvariantError } from '../../../schemas/errors.js';
import {
  addScores,
  collectScores,
  emptyHistogram,
  mergeHistograms,
  rankOf,
  refine,
  type ScoreRange,
  type Threshold,
  thresholdOf,
  wholeRange,
} from '../../../transforms/filter/fraction.js';

type Scores = readonly (number | null)[];

function select(
  parts: readonly Data[],
  types: readonly string[],
  fraction: number,
  collectBelow = 0,
): Threshold & { passes: number } {
  const pass = (range: ScoreRange) => {
    const histograms = parts.map((part) => {
      const histogram = emptyHistogram(range);
      addScores(histogram, 's', part);
      return histogram;
    });
    return histograms.reduceRight((a, b) => mergeHistograms(b, a), emptyHistogram(range));
  };
  let histogram = pass(wholeRange(types));
  let refined = refine(histogram, rankOf(fraction, histogram));
  for (let passes = 1; ; passes++) {
    if (refined.done) {
      const { done: _, ...threshold } = refined;
      return { ...threshold, passes };
    }
    if (refined.inside <= collectBelow) {
      const { range } = refined;
      const scores = parts.flatMap((part) => [...collectScores(range, 's', part)]);
      return { ...thresholdOf(Float64Array.from(scores), refined), passes: passes + 1 };
    }
    histogram = pass(refined.range);
    refined = refine(histogram, refined.rank, refined.above);
  }
}

function bySorting(scores: Scores, fraction: number): Threshold {
  const sorted = scores.filter((x): x is number => x !== null && !Number.isNaN(x)).sort((a, b) => b - a);
  const asked = Math.min(sorted.length, Math.max(1, Math.ceil(scores.length * fraction - 1e-9)));
  if (asked === 0) return { threshold: Number.POSITIVE_INFINITY, asked: 0, kept: 0, ties: 0 };
  const threshold = sorted[asked - 1]!;
  return {
    threshold: threshold + 0,
    asked,
    kept: sorted.filter((x) => x >= threshold).length,
    ties: sorted.filter((x) => x === threshold).length,
  };
}

const score = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    0.25,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
  ),
  fc.constant(null),
  fc.double({ min: 0.25, max: 0.2500001 }),
);
const fraction = fc.constantFrom(0.001, 0.07, 0.1, 0.3, 0.5, 0.9, 1);

for (const [type, name] of [
  [new Float64(), 'Float64'],
  [new Float32(), 'Float32'],
] as const) {
  test(`the threshold of ${name} scores is that of sorting, however they are split, refined or collected`, () => {
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 1, maxLength: 60 }),
        fraction,
        fc.nat(60),
        fc.constantFrom(0, 3, 1000),
        (raw, f, cut, collect) => {
          const scores = name === 'Float32' ? raw.map((x) => (x === null ? null : Math.fround(x))) : raw;
          const data = vectorFromArray(scores, type).data[0]!;
          const at = Math.min(cut, scores.length);
          const { passes, ...found } = select(
            [data.slice(0, at), data.slice(at, scores.length - at)],
            [name],
            f,
            collect,
          );
          assert.deepEqual(found, bySorting(scores, f));
          assert.ok(passes <= (name === 'Float32' ? 2 : 4));
        },
      ),
      { numRuns: 60 },
    );
  });
}

test('many like scores are told apart to the last bit', () => {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const scores = Array.from({ length: 50_000 }, () => 0.2 + 0.2 * random());
  const data = vectorFromArray(scores, new Float64()).data[0]!;
  const { passes: _, ...found } = select([data], ['Float64'], 0.3, 100);
  assert.deepEqual(found, bySorting(scores, 0.3));
  assert.equal(found.kept, 15_000);
});

test('all ties at the threshold are kept, and told', () => {
  const data = vectorFromArray([1, 2, 2, 2, 3], new Int32()).data[0]!;
  const { passes: _, ...found } = select([data], ['Int32'], 0.4);
  assert.deepEqual(found, { threshold: 2, asked: 2, kept: 4, ties: 3 });
});

test('rows without a score count as rows but are never kept; dropped rows do not count', () => {
  const data = vectorFromArray([null, Number.NaN, 5, null], new Float64()).data[0]!;
  assert.equal(select([data], ['Float64'], 0.5).kept, 1);
  const histogram = emptyHistogram(wholeRange(['Float64']));
  addScores(histogram, 's', data, Uint8Array.of(0, 9, 9, 0));
  assert.deepEqual([histogram.rows, histogram.scored, rankOf(0.5, histogram)], [2, 0, 0]);
  assert.deepEqual(refine(histogram, 0), {
    done: true,
    threshold: Number.POSITIVE_INFINITY,
    asked: 0,
    kept: 0,
    ties: 0,
  });
});

test('a rounding error in fraction times rows asks for no row more', () => {
  assert.equal(rankOf(0.07, { rows: 100, scored: 100 }), 7);
  assert.equal(rankOf(0.3, { rows: 11, scored: 11 }), 4);
});

test('histograms merge as a commutative monoid, of one range only', () => {
  const range = wholeRange(['Float64']);
  const make = (scores: Scores) => {
    const histogram = emptyHistogram(range);
    addScores(histogram, 's', vectorFromArray(scores, new Float64()).data[0]!);
    return histogram;
  };
  const [a, b, c] = [make([1, 2]), make([null, 3]), make([2])];
  assert.deepEqual(mergeHistograms(a, emptyHistogram(range)), a);
  assert.deepEqual(mergeHistograms(a, b), mergeHistograms(b, a));
  assert.deepEqual(mergeHistograms(mergeHistograms(a, b), c), mergeHistograms(a, mergeHistograms(b, c)));
  assert.throws(() => mergeHistograms(a, emptyHistogram(wholeRange(['Float32']))), InvariantError);
});

test('columns of mixed types are selected as float64', () => {
  assert.equal(wholeRange(['Float32', 'Float64']).width, 64);
  const histogram = emptyHistogram(wholeRange(['Float32']));
  assert.throws(() => addScores(histogram, 's', vectorFromArray([0.1], new Float64()).data[0]!), InvariantError);
});
