import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import type { Tags } from '../../../schemas/tags.js';
import {
  concatVerdicts,
  decodeVerdicts,
  encodeVerdicts,
  type Verdicts,
  verdictBytes,
  verdictCutter,
} from '../../../transforms/tag/verdicts.js';

/** A row as an object: what the arrays stand for. */
interface Row {
  readonly code: number;
  /** Of a row that is kept. */
  readonly attributes: readonly number[];
  readonly rounding: readonly number[];
  readonly labels: readonly number[];
}

function pack(rows: readonly Row[], soft: boolean): Verdicts {
  const kept = rows.filter(({ code }) => code === 0);
  const tags: Tags = {
    rows: kept.length,
    attributes: Uint8Array.from(kept.flatMap((row) => row.attributes)),
    offsets: Uint32Array.from([
      0,
      ...kept.map((_, i) => kept.slice(0, i + 1).reduce((sum, row) => sum + row.labels.length, 0)),
    ]),
    labels: Uint16Array.from(kept.flatMap((row) => row.labels)),
    ...(soft && { rounding: Float32Array.from(kept.flatMap((row) => row.rounding)) }),
  };
  return { drop: Uint8Array.from(rows, ({ code }) => code), tags };
}

/** The same tags with offsets that do not begin at 0, as a part of others has them. */
function shifted({ drop, tags }: Verdicts): Verdicts {
  const labels = Uint16Array.from([7, 7, 7, ...tags.labels]);
  return { drop, tags: { ...tags, labels, offsets: tags.offsets.map((at) => at + 3) } };
}

const ATTRIBUTES = 2;
const two = (values: fc.Arbitrary<number>) => fc.array(values, { minLength: ATTRIBUTES, maxLength: ATTRIBUTES });
const row: fc.Arbitrary<Row> = fc.record({
  code: fc.oneof(fc.constant(0), fc.nat(255)),
  attributes: two(fc.nat(70)),
  rounding: two(fc.constantFrom(-0.25, 0, 0.125)),
  labels: fc.array(fc.nat(65_534), { maxLength: 4 }),
});

test('verdicts that are put together, written, read and cut are those of the rows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(row, { maxLength: 6 }), { maxLength: 6 }),
      fc.boolean(),
      fc.array(fc.nat(40)),
      (batches, soft, cuts) => {
        const rows = batches.flat();
        const whole = concatVerdicts(
          batches.map((batch, i) => (i % 2 === 0 ? pack(batch, soft) : shifted(pack(batch, soft)))),
        );
        if (rows.some(({ code }) => code === 0)) assert.deepEqual(whole, pack(rows, soft));
        const read = decodeVerdicts(encodeVerdicts(whole), rows.length);
        assert.deepEqual(read, whole);
        const cut = verdictCutter(read);
        // Pairs of neighbours, and then wherever the generator points: forwards and back.
        const places = cuts.map((place) => Math.min(place, rows.length));
        for (const [i, from] of places.entries()) {
          const to = Math.max(from, places[i + 1] ?? rows.length);
          const part = cut(from, to);
          const want = pack(rows.slice(from, to), soft);
          assert.deepEqual([...part.drop], [...want.drop]);
          for (const key of ['attributes', 'offsets', 'labels'] as const)
            assert.deepEqual([...part.tags[key]], [...want.tags[key]]);
          assert.deepEqual([...(part.tags.rounding ?? [])], [...(want.tags.rounding ?? [])]);
          assert.equal(part.tags.rows, want.tags.rows);
        }
      },
    ),
  );
});

test('verdicts on another number of rows are refused, with both numbers', () => {
  const bytes = encodeVerdicts(pack([{ code: 3, attributes: [0, 0], rounding: [0, 0], labels: [] }], false));
  assert.throws(
    () => decodeVerdicts(bytes, 2),
    (error) => error instanceof InputError && /2 rows.*1/.test(error.message),
  );
});

test('the bytes that are told of verdicts are those that they take, offsets by the row', () => {
  const { drop, tags } = pack(
    Array.from({ length: 10 }, (_, i) => ({ code: i % 2, attributes: [1, 0], rounding: [0, 0], labels: [i, i + 1] })),
    true,
  );
  assert.equal(verdictBytes({ drop, tags }), 10 + 10 + 4 * 5 + 2 * 10 + 4 * 10);
});
