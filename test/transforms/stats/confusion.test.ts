import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import {
  addConfusions,
  CELLS,
  emptyConfusions,
  mergeConfusions,
  tagBias,
  tagFigures,
  tagSlices,
} from '../../../transforms/stats/confusion.js';
import { newcombe, wilson } from '../../../transforms/stats/intervals.js';
import { twoSidedZ } from '../../../transforms/stats/normal.js';

const Z = twoSidedZ(0.95);
/** Two attributes with their truths: tags are (a, b, truth of b, truth of a). */
const JUDGED = [
  { tag: 0, truth: 3 },
  { tag: 1, truth: 2 },
];
const [ABSENT, PRESENT, UNKNOWN] = [0, 1, 2];

interface Row {
  readonly tags: readonly number[];
  readonly drop: number;
  readonly slice: string;
}
const state = fc.constantFrom(ABSENT, PRESENT, UNKNOWN);
const rowsArbitrary = fc.array(
  fc.record({
    tags: fc.tuple(state, state, state, state),
    drop: fc.constantFrom(0, 0, 0, 3),
    slice: fc.constantFrom('', 'de', 'en', '__proto__'),
  }),
  { maxLength: 60 },
);

function counted(rows: readonly Row[], limit = 10) {
  return addConfusions(
    emptyConfusions(2, 1),
    JUDGED,
    { rows: rows.length, attributes: Uint8Array.from(rows.flatMap(({ tags }) => tags)) },
    Uint8Array.from(rows, ({ drop }) => drop),
    (_, row) => rows[row]!.slice,
    limit,
  );
}

/** The figures, each by going through the rows again. */
function slowFigures(rows: readonly Row[], k: number) {
  const { tag, truth } = JUDGED[k]!;
  const pairs = rows.filter(({ drop }) => drop === 0).map(({ tags }) => ({ said: tags[tag]!, is: tags[truth]! }));
  const labelled = pairs.filter(({ is }) => is !== UNKNOWN);
  const told = labelled.filter(({ said }) => said !== UNKNOWN);
  type Pair = (typeof pairs)[number];
  const rate = (of: Pair[], holds: (pair: Pair) => boolean) => {
    const n = of.filter(holds).length;
    return {
      value: of.length === 0 ? null : n / of.length,
      of: of.length,
      interval: wilson(of.length === 0 ? 0.5 : n / of.length, of.length, Z),
    };
  };
  const tagged = (value: number) => {
    const of = labelled.filter(({ is }) => is === value);
    const n = (said: number) => of.filter((pair) => pair.said === said).length;
    return { present: n(PRESENT), absent: n(ABSENT), unknown: n(UNKNOWN) };
  };
  const ofClass = (value: number) => ({
    precision: rate(
      labelled.filter(({ said }) => said === value),
      ({ is }) => is === value,
    ),
    recall: rate(
      labelled.filter(({ is }) => is === value),
      ({ said }) => said === value,
    ),
  });
  const toldOf = (value: number) => told.filter(({ is }) => is === value);
  return {
    labelled: labelled.length,
    unlabelled: pairs.length - labelled.length,
    confusion: { present: tagged(PRESENT), absent: tagged(ABSENT) },
    coverage: rate(labelled, ({ said }) => said !== UNKNOWN),
    accuracy: rate(told, ({ said, is }) => said === is),
    present: ofClass(PRESENT),
    absent: ofClass(ABSENT),
    falseNegatives: rate(toldOf(PRESENT), ({ said }) => said === ABSENT),
    falsePositives: rate(toldOf(ABSENT), ({ said }) => said === PRESENT),
    shares: {
      truth: rate(labelled, ({ is }) => is === PRESENT),
      tagged: rate(told, ({ said }) => said === PRESENT),
    },
  };
}

const parameters = (seed: number) => ({ seed, numRuns: 300, verbose: true });

test('figures are those of a slow count, as a whole and by slice, and are told against all other rows', (t) => {
  const seed = 20261127;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(rowsArbitrary, (rows) => {
      const confusions = counted(rows);
      for (const k of [0, 1]) {
        assert.deepEqual(tagFigures(confusions.whole.subarray(k * CELLS, (k + 1) * CELLS), Z), slowFigures(rows, k));
        const slices = tagSlices(confusions, 0, k, Z, 3);
        const values = new Set(rows.filter(({ drop }) => drop === 0).map(({ slice }) => slice));
        assert.deepEqual(new Set(slices.map(({ value }) => value ?? '')), values);
        for (const { value, bias, toRest, ...figures } of slices) {
          const [inside, outside] = [true, false].map((is) =>
            rows.filter(({ slice }) => is === (slice === (value ?? ''))),
          );
          const slow = slowFigures(inside!, k);
          const rest = slowFigures(outside!, k);
          assert.deepEqual(figures, slow);
          assert.deepEqual(bias, tagBias(slow, Z));
          for (const of of ['falseNegatives', 'falsePositives', 'coverage'] as const) {
            const [a, b] = [slow[of], rest[of]];
            assert.deepEqual(toRest[of], {
              value: a.of === 0 || b.of === 0 ? null : a.value! - b.value!,
              interval: newcombe(a.value ?? 0.5, a.of, b.value ?? 0.5, b.of, 3),
            });
          }
        }
      }
    }),
    parameters(seed),
  );
});

test('counts are the same however the rows are cut and in whatever order they are added', (t) => {
  const seed = 20261128;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(rowsArbitrary, fc.nat(60), fc.boolean(), (rows, at, swapped) => {
      const parts = [counted(rows.slice(0, at)), counted(rows.slice(at))];
      if (swapped) parts.reverse();
      const merged = parts.reduce((into, part) => mergeConfusions(into, part, 10), emptyConfusions(2, 1));
      const whole = counted(rows);
      assert.deepEqual(merged.whole, whole.whole);
      assert.deepEqual(new Map([...merged.slicings[0]!].sort()), new Map([...whole.slicings[0]!].sort()));
    }),
    parameters(seed),
  );
});

test('bias is the difference of the errors of both groups, and of their coverage', () => {
  // 40 present: 6 told absent, 10 unknown. 60 absent: 2 told present, 40 unknown. As [truth][tag].
  const cells = [18, 2, 40, 6, 24, 10, 1, 2, 3];
  const figures = tagFigures(cells, Z);
  assert.equal(figures.labelled, 100);
  assert.equal(figures.unlabelled, 6);
  const { error, coverage } = tagBias(figures, Z);
  assert.ok(Math.abs(error.value! - (6 / 30 - 2 / 20)) < 1e-15);
  assert.deepEqual(error.interval, newcombe(6 / 30, 30, 2 / 20, 20, Z));
  assert.ok(Math.abs(coverage.value! - (30 / 40 - 20 / 60)) < 1e-15);
  assert.deepEqual(coverage.interval, newcombe(30 / 40, 40, 20 / 60, 60, Z));
});

test('more values than the limit are refused, in one batch and when counts are added', () => {
  const rows = ['a', 'b', 'c'].map((slice) => ({ tags: [0, 0, 0, 0], drop: 0, slice }));
  const tooMany = (error: unknown) => error instanceof InputError && /at most 2 values/.test(error.message);
  assert.throws(() => counted(rows, 2), tooMany);
  assert.throws(() => mergeConfusions(counted(rows.slice(0, 2), 2), counted(rows.slice(2), 2), 2), tooMany);
});
