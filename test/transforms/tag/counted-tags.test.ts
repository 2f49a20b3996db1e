/** Tags that are counted before their rows are made, from bits and numbers of a dictionary, say what the rows say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bool, Dictionary, Field, Int32, List, makeData, Uint8, Utf8, Vector, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { packBits } from '../../../formats/bits.js';
import type { LabelConfig } from '../../../schemas/config.js';
import { type Tags, UNKNOWN } from '../../../schemas/tags.js';
import { addCounts, emptyMoments } from '../../../transforms/stats/moments.js';
import { createTagger } from '../../../transforms/tag/tagger.js';
import { batchOf, infoOf, lists } from './batch.js';

type Row = {
  readonly a: boolean | null;
  readonly b: boolean | null;
  readonly y: readonly (boolean | null)[];
  readonly l: readonly (string | null)[] | null;
};

const WORDS = ['p', 'q', 'r', 'not a label', 'é'];
const VOCABULARY = ['p', 'é', 'q', 'r'];
const FLAGS = 3;
const LABELS: LabelConfig[] = [
  { columns: ['y*'], exclude: [] },
  { list: 'l', minimumCount: 1, maximum: 100 },
];

const flag = fc.option(fc.boolean(), { freq: 5 });
const row: fc.Arbitrary<Row> = fc.record({
  a: flag,
  b: flag,
  y: fc.tuple(flag, flag, flag),
  l: fc.option(fc.array(fc.option(fc.constantFrom(...WORDS), { freq: 6 }), { maxLength: 5 }), { freq: 6 }),
});

/** The lists with a dictionary, as a reader makes them. */
function coded(rows: readonly Row[], wide: boolean): Vector {
  const items = rows.flatMap(({ l }) => l ?? []);
  const numbers = items.map((item) => (item === null ? 0 : WORDS.indexOf(item)));
  const type = new Dictionary(new Utf8(), wide ? new Int32() : new Uint8());
  const valid = (values: readonly unknown[]) => ({
    nullCount: values.filter((value) => value === null).length,
    nullBitmap: packBits(
      Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
      values.length,
    ),
  });
  const child = makeData({
    type,
    length: items.length,
    ...valid(items),
    data: wide ? Int32Array.from(numbers) : Uint8Array.from(numbers),
    dictionary: vectorFromArray(WORDS, new Utf8()),
  } as never);
  let end = 0;
  const ends = rows.map(({ l }) => {
    end += l?.length ?? 0;
    return end;
  });
  const list = new List(new Field('item', type, true));
  const valueOffsets = Int32Array.of(0, ...ends);
  return new Vector([
    makeData({ type: list, length: rows.length, ...valid(rows.map(({ l }) => l)), valueOffsets, child } as never),
  ]);
}

const bool = (values: readonly (boolean | null)[]) => vectorFromArray(values, new Bool());

function batchesOf(rows: readonly Row[]) {
  const flags = Object.fromEntries(
    Array.from({ length: FLAGS }, (_, i) => [`y${i}`, bool(rows.map(({ y }) => y[i]!))]),
  );
  const shared = { a: bool(rows.map((r) => r.a)), b: bool(rows.map((r) => r.b)), ...flags };
  const plain = batchOf({ ...shared, l: lists(rows.map(({ l }) => l)) });
  const packed = [false, true].map((wide) => batchOf({ ...shared, l: coded(rows, wide) }));
  return { plain, all: [plain, ...packed] };
}

const value = (some: boolean | null) => (some === null ? UNKNOWN : Number(some));

/** Labels of a row by definition. */
function labelsOf({ y, l }: Row): number[] {
  const flags = y.flatMap((some, i) => (some === true ? [i] : []));
  const words = (l ?? []).map((item) => (item === null ? -1 : VOCABULARY.indexOf(item))).filter((n) => n >= 0);
  return [...new Set([...flags, ...words.map((n) => FLAGS + n)])].sort((p, q) => p - q);
}

const listed = (tags: Tags, i: number) => [...tags.labels.subarray(tags.offsets[i]!, tags.offsets[i + 1]!)];

test('codes, counts and rows of tags agree, from strings and from dictionaries, whole and in slices', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 90 }), fc.nat(), fc.nat(), (rows, from, to) => {
      const { plain, all } = batchesOf(rows);
      const tagger = createTagger(
        { a: { column: 'a', target: 0.5 }, b: { column: 'b', target: 0.5 } },
        LABELS,
        infoOf(plain),
        { l: VOCABULARY },
      );
      assert.deepEqual(tagger.dictionaries, ['l']);
      const start = from % (rows.length + 1);
      const end = start + (to % (rows.length - start + 1));
      const some = rows.slice(start, end);
      for (const whole of all) {
        const tags = tagger.tag(whole.slice(start, end));
        const blocks = FLAGS + VOCABULARY.length + 1;
        const counts = new Uint32Array(9 * blocks);
        tags.countLabels!(tags.codes!, blocks, counts);
        const codes = tags.codes!.slice();
        // Another batch comes before the rows are asked for.
        tagger.tag(plain);
        const expected = new Uint32Array(counts.length);
        some.forEach((each, i) => {
          const code = 3 * value(each.a) + value(each.b);
          assert.equal(codes[i], code);
          assert.deepEqual([...tags.attributes.subarray(2 * i, 2 * i + 2)], [value(each.a), value(each.b)]);
          assert.deepEqual(listed(tags, i), labelsOf(each));
          for (const label of labelsOf(each)) expected[code * blocks + 1 + label]!++;
        });
        assert.deepEqual(counts, expected);
      }
    }),
  );
});

test('moments of counted tags are those of their rows, by the stage at which a row left', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 200, maxLength: 400 }), fc.nat(1), (rows, filters) => {
      const { plain, all } = batchesOf(rows);
      const attributes = { a: { column: 'a', target: 0.5 }, b: { column: 'b', target: 0.5 } };
      const tagger = createTagger(attributes, LABELS, infoOf(plain), { l: VOCABULARY });
      const drop = Uint8Array.from(rows, (_, i) => (i % 3 === 0 ? filters : 0));
      const counted = (tags: Tags) => {
        const exits = Array.from({ length: filters + 1 }, () => emptyMoments(2, FLAGS + VOCABULARY.length));
        addCounts(exits, tags, drop, Uint8Array.of(filters, 0));
        return exits;
      };
      const { rows: n, attributes: values, offsets, labels } = tagger.tag(plain);
      const expected = counted({ rows: n, attributes: values, offsets, labels });
      for (const batch of all) assert.deepEqual(counted(tagger.tag(batch)), expected);
    }),
    { numRuns: 20 },
  );
});

test('a label of two sources is counted by its rows', () => {
  const rows: Row[] = [{ a: true, b: null, y: [true, false, true], l: ['y0', 'p', 'p'] }];
  const { plain } = batchesOf(rows);
  const tagger = createTagger({ a: { column: 'a', target: 0.5 } }, LABELS, infoOf(plain), { l: ['y0', 'p'] });
  const tags = tagger.tag(plain);
  assert.equal(tags.countLabels, undefined);
  assert.deepEqual(listed(tags, 0), [0, 2, 3]);
});
