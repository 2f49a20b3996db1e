import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { ConfigError, InputError } from '../../../schemas/errors.js';
import { parseConfig } from '../../../schemas/parse-config.js';
import {
  addExamples,
  decodeExamples,
  type ExampleSample,
  emptyExamples,
  encodeExamples,
  examplesOf,
  LONGEST_CAPTION,
  MAXIMUM_EXAMPLES,
  mergeExamples,
} from '../../../transforms/stats/examples.js';
import { planStats } from '../../../transforms/stats/stats-plan.js';
import { utf8Column } from '../../../transforms/tag/column.js';
import { batchOf } from '../../end-to-end/inputs.js';
import { tagsOf } from './rows.js';

const M = 2;
const C = 3;

interface Row {
  readonly s: readonly number[];
  readonly y: readonly number[];
  readonly random: number;
  readonly caption: string | null;
}

/** Few random numbers and captions, so that rows share one, the other, or both. */
const row: fc.Arbitrary<Row> = fc.record({
  s: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: M, maxLength: M }),
  y: fc.subarray([...new Array(C).keys()]),
  random: fc.oneof(
    fc.constantFrom(0, 0.25, 0.5),
    fc.integer({ min: 0, max: 2 ** 53 - 1 }).map((n) => n * 2 ** -53),
  ),
  caption: fc.oneof(
    fc.constantFrom(null, '', 'a', 'b', 'é', '\ufeffbom', '</script>', '😀'.repeat(LONGEST_CAPTION + 1)),
    fc.string({ unit: 'binary' }),
  ),
});
const rows = fc.array(row, { maxLength: 40 });
const limit = fc.integer({ min: 1, max: 4 });
const shapeOf = (limit: number) => ({ attributes: M, labels: C, limit });

function sampleOf(some: readonly Row[], limit: number): ExampleSample {
  const sample = emptyExamples(shapeOf(limit));
  if (some.length === 0) return sample;
  const batch = batchOf([['text', { type: new Utf8(), values: some.map(({ caption }) => caption) }]]);
  const random = Float64Array.from(some, (one) => one.random);
  addExamples(
    sample,
    utf8Column(batch, 'text'),
    tagsOf(some.map((one) => ({ ...one, q: 1 }))),
    random,
    Uint32Array.from(some.keys()),
  );
  return sample;
}

/** The rule, as it is told. */
function slowly(some: readonly Row[], limit: number, k: number, r: number, value: number): string[] {
  const found = new Map<string, { random: number; caption: string }>();
  for (const { s, y, random, caption } of some) {
    if (!caption || s[k] !== value || !y.includes(r)) continue;
    const points = Array.from(caption);
    const cut = points.length > LONGEST_CAPTION ? `${points.slice(0, LONGEST_CAPTION - 1).join('')}…` : caption;
    found.set(JSON.stringify([random, cut]), { random, caption: cut });
  }
  return [...found.values()]
    .sort((a, b) => a.random - b.random || (a.caption < b.caption ? -1 : 1))
    .slice(0, limit)
    .map(({ caption }) => caption);
}

test('a cell has the captions of the rows with the smallest random numbers', () => {
  fc.assert(
    fc.property(rows, limit, (some, limit) => {
      const sample = sampleOf(some, limit);
      for (let k = 0; k < M; k++) {
        for (let r = 0; r < C; r++) {
          const expected = { present: slowly(some, limit, k, r, 1), absent: slowly(some, limit, k, r, 0) };
          assert.deepEqual(examplesOf(sample, k, r), expected);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('samples are a commutative monoid: any order and partition gives the same bytes', () => {
  fc.assert(
    fc.property(rows, rows, rows, limit, (a, b, c, limit) => {
      const whole = encodeExamples(sampleOf([...a, ...b, ...c], limit));
      const read = (some: readonly Row[]) => decodeExamples(encodeExamples(sampleOf(some, limit)), shapeOf(limit));
      const [x, y, z] = [() => read(a), () => read(b), () => read(c)];
      assert.deepEqual(encodeExamples(mergeExamples(mergeExamples(x(), y()), z())), whole);
      assert.deepEqual(encodeExamples(mergeExamples(z(), mergeExamples(y(), x()))), whole);
      assert.deepEqual(encodeExamples(sampleOf([...c, ...a, ...b].reverse(), limit)), whole);
      assert.deepEqual(encodeExamples(mergeExamples(emptyExamples(shapeOf(limit)), x())), encodeExamples(x()));
      assert.deepEqual(encodeExamples(mergeExamples(x(), emptyExamples(shapeOf(limit)))), encodeExamples(x()));
    }),
    { numRuns: 500 },
  );
});

test('bytes that are no UTF-8 are replaced, and a caption of nothing else is cut too', () => {
  const sample = emptyExamples({ attributes: 1, labels: 1, limit: 1 });
  const values = new Uint8Array(100_000).fill(0x80);
  const tags = tagsOf([{ s: [1], y: [0], q: 1 }]);
  const text = { rows: 1, offsets: Int32Array.of(0, values.length), values };
  addExamples(sample, text, tags, Float64Array.of(0.5), Uint32Array.of(0));
  assert.deepEqual(examplesOf(sample, 0, 0).present, [`${'\ufffd'.repeat(LONGEST_CAPTION - 1)}…`]);
});

test('a caption that several cells have is written once', () => {
  const caption = 'x'.repeat(LONGEST_CAPTION);
  const one = sampleOf([{ s: [1, 0], y: [0, 1, 2], random: 0.5, caption }], 2);
  assert.equal(one.cells.size, M * C);
  assert.ok(encodeExamples(one).length < 2 * LONGEST_CAPTION);
});

test('bytes that lie are refused', () => {
  const sample = sampleOf([{ s: [1, 0], y: [0, 2], random: 0.5, caption: 'a caption' }], 2);
  const bytes = encodeExamples(sample);
  const twisted = (at: number, value: number) => bytes.map((byte, i) => (i === at ? value : byte));
  for (const lie of [
    bytes.subarray(0, -1),
    Uint8Array.of(...bytes, 0),
    // More examples than there are bytes; a random number of 2 or more; a cell, and an example, that there is not.
    twisted(0, 127),
    twisted(8, 0x40),
    twisted(bytes.length - 3, 2 * M * C),
    twisted(bytes.length - 1, 1),
  ]) {
    assert.throws(() => decodeExamples(lie, shapeOf(2)), InputError);
  }
  assert.throws(() => decodeExamples(bytes, { attributes: 1, labels: 1, limit: 2 }), InputError);
});

test('more captions than are kept in all are refused before anything is read', () => {
  const config = parseConfig({
    input: { files: 'a.parquet' },
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    output: { directory: 'out' },
    report: { examples: 10 },
  });
  const columns = [{ name: 'text', type: 'Utf8', nullable: true }];
  const most = MAXIMUM_EXAMPLES / (2 * config.report.examples);
  const names = (labels: number) => ({
    attributes: ['female'],
    labels: Array.from({ length: labels }, (_, r) => `${r}`),
  });
  assert.equal(planStats({ config, columns }, names(most)).examples, 10);
  assert.throws(
    () => planStats({ config, columns }, names(most + 1)),
    (error) => error instanceof ConfigError && /1 attributes x 5001 labels x 2 x 10 = 100020/.test(error.message),
  );
  assert.equal(planStats({ config, columns: [] }, names(1)).examples, 0, 'without captions there are none');
});
