import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  correctedDifference,
  correctedShare,
  deltaInterval,
  type ErrorRates,
  type Observed,
} from '../../../transforms/stats/correction.js';

const share = fc.integer({ min: 5, max: 95 }).map((n) => n / 100);

/** Truth by label, and the weight of a row by what is tagged and by label; what a tagger with these rates shows of it. */
interface World {
  readonly rates: ErrorRates;
  readonly present: number;
  readonly label1: number;
  readonly label0: number;
  readonly weights: readonly number[];
}

const world: fc.Arbitrary<World> = fc.record({
  rates: fc.record({ a: share, b: share }).filter(({ a, b }) => Math.abs(a - b) > 0.1),
  present: share,
  label1: share,
  label0: share,
  weights: fc.tuple(share, share, share, share),
});

/** All eight kinds of row: truth, tag, label, and their share of the rows. */
function rowsOf({ rates, present, label1, label0, weights }: World) {
  return [0, 1].flatMap((s) =>
    [0, 1].flatMap((t) =>
      [0, 1].map((y) => {
        const told = s === 1 ? rates.a : rates.b;
        const labelled = s === 1 ? label1 : label0;
        const rows =
          (s === 1 ? present : 1 - present) * (t === 1 ? told : 1 - told) * (y === 1 ? labelled : 1 - labelled);
        return { s, t, y, rows, weight: rows * weights[2 * t + y]! };
      }),
    ),
  );
}

type Row = ReturnType<typeof rowsOf>[number];

function observed(rows: readonly Row[], of: 'rows' | 'weight', by: 's' | 't'): Observed {
  const sum = (keep: (row: Row) => boolean) => rows.filter(keep).reduce((total, row) => total + row[of], 0);
  return {
    present: sum((row) => row[by] === 1) / sum(() => true),
    labelPresent: sum((row) => row[by] === 1 && row.y === 1) / sum((row) => row[by] === 1),
    labelAbsent: sum((row) => row[by] === 0 && row.y === 1) / sum((row) => row[by] === 0),
  };
}

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test('what a tagger with known errors shows is turned back into the truth, with weights that follow its tags too', () => {
  fc.assert(
    fc.property(world, (w) => {
      const rows = rowsOf(w);
      const seen = observed(rows, 'rows', 't');
      near(correctedShare(seen.present, w.rates), w.present);
      near(correctedDifference(seen, w.rates), w.label1 - w.label0);
      const weighted = observed(rows, 'weight', 't');
      const truth = observed(rows, 'weight', 's');
      near(correctedDifference(seen, w.rates, weighted), truth.labelPresent - truth.labelAbsent);
    }),
    { numRuns: 500 },
  );
});

test('a share under weights that follow the tags alone is turned back too', () => {
  fc.assert(
    fc.property(world, (w) => {
      const rows = rowsOf({ ...w, weights: [0, 0, 2, 2].map((i) => w.weights[i]!) });
      const { present } = observed(rows, 'weight', 't');
      near(
        correctedShare(observed(rows, 'rows', 't').present, w.rates, present),
        observed(rows, 'weight', 's').present,
      );
    }),
    { numRuns: 500 },
  );
});

test('a tagger without errors changes nothing', () => {
  const seen = { present: 0.3, labelPresent: 0.2, labelAbsent: 0.1 };
  near(correctedShare(0.3, { a: 1, b: 0 }), 0.3);
  near(correctedDifference(seen, { a: 1, b: 0 }), 0.1);
});

test('a share below what the false positives give has no truth behind it', () => {
  assert.ok(correctedShare(0.05, { a: 0.9, b: 0.2 }) < 0);
  assert.ok(
    Number.isNaN(correctedDifference({ present: 0.05, labelPresent: 0.2, labelAbsent: 0.1 }, { a: 0.9, b: 0.2 })),
  );
});

test('intervals of the corrected share hold the truth as often as they say', () => {
  const SEED = 20261127;
  let state = SEED;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const drawn = (p: number, n: number) => {
    let hits = 0;
    for (let i = 0; i < n; i++) if (random() < p) hits++;
    return { share: hits / n, of: n };
  };
  const [truth, a, b] = [0.3, 0.9, 0.08];
  const RUNS = 600;
  let held = 0;
  for (let i = 0; i < RUNS; i++) {
    const of = [drawn(truth * a + (1 - truth) * b, 800), drawn(a, 150), drawn(b, 200)];
    const { low, high } = deltaInterval(([p, x, y]) => correctedShare(p!, { a: x!, b: y! }), of, 1.959964);
    if (low <= truth && truth <= high) held++;
  }
  console.log(`seed ${SEED}: ${held} of ${RUNS} intervals hold the truth`);
  assert.ok(held / RUNS > 0.925 && held / RUNS < 0.985, `${held} of ${RUNS}`);
});
