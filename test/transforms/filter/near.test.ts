import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { instantiate, type ProcessContext } from '../../../beam/index.js';
import { mulberry32 } from '../../../bench/synth.js';
import { InvariantError } from '../../../schemas/errors.js';
import {
  bandsFor,
  createBandHasher,
  createShingler,
  LEAST_RECALL,
  MOST_WORDS,
} from '../../../transforms/filter/minhash.js';
import { createNearRuns, findNear, MOST_COMPARED, type NearRule, partsFor } from '../../../transforms/filter/near.js';
import { MOST_PART_BYTES, nearOf } from '../../../transforms/filter/near-resolve.js';
import type { SpillRuns } from '../../../transforms/filter/spill-runs.js';
import { slowNearest, slowShingles } from './slow-near.js';

const column = (texts: readonly (string | null)[]) => vectorFromArray(texts, new Utf8()).data[0]!;

function found(all: readonly SpillRuns[], { similarity }: NearRule): number[] {
  const rows = new Set<number>();
  for (let bucket = 0; bucket < all[0]!.buckets; bucket++) {
    for (const row of findNear(
      all.map((runs) => runs.take(bucket)),
      similarity,
    ))
      rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}

function rowsOf(texts: readonly (string | null)[], rule: NearRule, parts = 1): number[] {
  const runs = createNearRuns(rule, parts);
  runs.append('text', column(texts), 0);
  return found([runs], rule);
}

const generator = () => mulberry32(Number(process.env.M4_SEED ?? 1));

const WORDS = 'a the man woman Dog café straße on in with red 猫 が 走 street über park plays ball two'.split(' ');

/** Captions of which most are earlier ones with some words changed, moved, added or taken away. */
function captions(random: () => number, count: number): (string | null)[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const texts: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (random() < 0.03) texts.push(pick([null, '', ' - ! ']));
    else if (i > 20 && random() < 0.6) {
      const words = (pick(texts) ?? 'nothing').split(' ');
      for (let edits = Math.floor(random() * 4); edits > 0; edits--) {
        words.splice(
          Math.floor(random() * words.length),
          Math.floor(random() * 2),
          ...(random() < 0.5 ? [pick(WORDS)] : []),
        );
      }
      texts.push(random() < 0.2 ? `${words.join(', ').toUpperCase()}.` : words.join(' '));
    } else texts.push(Array.from({ length: 3 + Math.floor(random() * 25) }, () => pick(WORDS)).join(' '));
  }
  return texts;
}

for (const [similarity, shingle] of [
  [0.5, 2],
  [0.7, 1],
  [0.8, 3],
  [0.9, 1],
] as const) {
  test(`against every pair, similarity ${similarity}, shingles of ${shingle}: nothing is found that is not near, and next to all that is`, (t) => {
    const random = generator();
    let near = 0;
    let right = 0;
    for (let round = 0; round < 4; round++) {
      const texts = captions(random, 700);
      const rows = rowsOf(texts, { similarity, shingle });
      const nearest = slowNearest(texts, shingle);
      for (const row of rows) assert.ok(nearest[row]! >= similarity, `row ${row} is ${nearest[row]}: ${texts[row]}`);
      near += nearest.filter((most) => most >= similarity).length;
      right += rows.length;
    }
    t.diagnostic(`${right} of ${near} found`);
    assert.ok(near > 500, `${near} near duplicates are too few to tell`);
    // Of 500 and more, each found with probability 0.99 or more, fewer than 0.965 come by chance once in 10^6.
    assert.ok(right / near >= 0.965, `${right} of ${near}`);
  });
}

test('identical captions are found, all of them', () => {
  assert.deepEqual(
    rowsOf(['One, two!', null, 'three', 'one TWO', 'Three', '', 'one two three', ''], { similarity: 1, shingle: 3 }),
    [3, 4],
  );
});

test('a row goes where an earlier one is near, also one that goes itself', () => {
  const texts = ['a b c d e f g h i', 'a b c d e f g h i j', 'a b c d e f g h i j k'];
  // Of the third, 9 words in 11 are the first's: 0.82; 10 in 11 are the second's.
  assert.deepEqual(rowsOf(texts, { similarity: 0.9, shingle: 1 }), [1, 2]);
});

test('however the input is cut, ordered, parted, or spilled twice, the same rows are found', () => {
  const random = generator();
  const rule = { similarity: 0.7, shingle: 2 };
  fc.assert(
    fc.property(
      fc.nat(120),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(1, 7),
      fc.constantFrom(0, 2 ** 33 - 20),
      fc.boolean(),
      (cut, reverse, twice, parts, first, together) => {
        const texts = captions(random, 120);
        const expected = rowsOf(texts, rule).map((row) => row + first);
        const pieces = [texts.slice(0, cut), texts.slice(cut)].map((piece, i) => {
          const runs = createNearRuns(rule, parts);
          if (piece.length > 0) runs.append('text', column(piece), first + i * cut);
          return runs;
        });
        if (twice && cut > 0) {
          const again = createNearRuns(rule, parts);
          again.append('text', column(texts.slice(0, cut)), first);
          pieces.push(again);
        }
        if (together) {
          const backwards = createNearRuns(rule, parts);
          if (cut < 120) backwards.append('text', column(texts.slice(cut)), first + cut);
          if (cut > 0) backwards.append('text', column(texts.slice(0, cut)), first);
          pieces.splice(0, 3, backwards);
        }
        assert.deepEqual(found(reverse ? pieces.reverse() : pieces, rule), expected);
      },
    ),
    { numRuns: 30 },
  );
});

test('dropped rows are left out, so a later row is the first', () => {
  const rule = { similarity: 0.8, shingle: 3 };
  const runs = createNearRuns(rule, 1);
  runs.append('text', column(['a b c', 'a b c', 'a b c']), 0, Uint8Array.of(1, 0, 0));
  assert.deepEqual(found([runs], rule), [2]);
});

test('shingles are those of strings, in every script, and of the first words only', () => {
  const random = generator();
  const bytes = (text: string) => Buffer.from(text);
  const count = (text: string, width: number) => createShingler(width).find(bytes(text), 0, bytes(text).length);
  for (const text of captions(random, 300))
    for (const width of [1, 2, 3, 10])
      assert.equal(count(text ?? '', width), slowShingles(text ?? '', width).size, `${text}`);
  assert.equal(count('Ein Mädchen – ein MÄDCHEN', 1), 2);
  assert.equal(count('赤い自転車に乗る', 3), 6);
  const long = Array.from({ length: 3 * MOST_WORDS }, (_, i) => `w${i}`).join(' ');
  assert.equal(count(long, 3), MOST_WORDS - 2);
  assert.equal(count('猫'.repeat(3 * MOST_WORDS), 1), 1);
  assert.equal(
    createShingler(1).find(Uint8Array.of(0xff, 0x61, 0xc3, 0x62, 0xe4), 0, 5),
    2,
    'bytes that are no UTF-8 part words',
  );
});

test('pairs just as similar as asked share a band as often as was promised', () => {
  const random = generator();
  for (const [both, each] of [
    [8, 1],
    [9, 3],
    [4, 2],
  ] as const) {
    const similarity = both / (both + 2 * each);
    const shape = bandsFor(similarity);
    const hash = createBandHasher(shape);
    const [a, b] = [new Uint32Array(shape.bands), new Uint32Array(shape.bands)];
    const draw = (n: number) => Array.from({ length: n }, () => random() * 2 ** 32);
    let together = 0;
    const pairs = 4000;
    for (let pair = 0; pair < pairs; pair++) {
      const shared = draw(both);
      hash(Uint32Array.from([...shared, ...draw(each)]), both + each, a);
      hash(Uint32Array.from([...draw(each), ...shared]), both + each, b);
      if (a.some((value, band) => value === b[band])) together++;
    }
    const promised = 1 - (1 - similarity ** shape.rows) ** shape.bands;
    assert.ok(promised >= LEAST_RECALL);
    // Five standard errors.
    const error = 5 * Math.sqrt((promised * (1 - promised)) / pairs);
    assert.ok(
      Math.abs(together / pairs - promised) < error,
      `${together} of ${pairs}, expected ${promised} within ${error}`,
    );
  }
});

test('bands for every similarity that a configuration may ask for', () => {
  for (let hundredth = 50; hundredth <= 100; hundredth++) {
    const { bands, rows } = bandsFor(hundredth / 100);
    assert.ok(bands >= 1 && bands <= 20 && rows >= 1 && 1 - (1 - (hundredth / 100) ** rows) ** bands >= LEAST_RECALL);
  }
  assert.deepEqual(bandsFor(0.8), { bands: 12, rows: 5 });
  assert.throws(() => bandsFor(0.1), RangeError);
});

test('a bucket that was filled on purpose costs no more than the comparisons allowed, and no row its neighbour', () => {
  // One band of all: records made by hand, of sets that have nothing in common.
  const record = (row: number, ...shingles: number[]) => [7, row, 0, shingles.length, ...shingles];
  const rows = 30_000;
  const words = Array.from({ length: rows }, (_, row) => record(row, row + 1)).flat();
  words.push(...record(rows, 5, 1e6), ...record(rows + 1, MOST_COMPARED + 5, 1e6), ...record(rows + 2, rows - 5));
  const start = performance.now();
  const near = findNear([new Uint8Array(Uint32Array.from(words).buffer)], 0.5);
  assert.deepEqual([...near], [rows, rows + 2], 'near the earliest sets, or equal to any');
  assert.ok(performance.now() - start < 20_000);
});

test('a caption that comes without end takes the place of its number, in all parts alike', () => {
  const rule = { similarity: 0.8, shingle: 3 };
  const runs = createNearRuns(rule, 4);
  const rows = 40_000;
  runs.append('text', column(['one of its own', ...Array<string>(rows).fill('image may contain: one person')]), 0);
  const held = 2 * (12 * 4 * 4 + 40) + 12 * 4 * (2 + 3);
  assert.equal(runs.bytes, held + (rows - 1) * 16);
  let most = 0;
  const rowsFound = new Set<number>();
  for (let bucket = 0; bucket < runs.buckets; bucket++) {
    const bytes = runs.take(bucket);
    most = Math.max(most, bytes.length);
    for (const row of findNear([bytes], rule.similarity)) rowsFound.add(row);
  }
  assert.ok(most < (2 * rows * 16) / runs.buckets, `${most} bytes in one part`);
  assert.deepEqual([rowsFound.size, rowsFound.has(0), rowsFound.has(1)], [rows - 1, false, false]);
  runs.append('text', column(['image may contain: one person']), rows + 1);
  assert.equal(runs.bytes, 40 + 12 * 4 * (4 + 3), 'what was taken is forgotten');
});

test('records that are too many for memory are refused before they are read', async () => {
  const find = instantiate(nearOf({ column: 'text', similarity: 0.8, splits: 1 }));
  const states = { splits: { read: () => undefined, write() {} }, runs: { read: () => runs, append() {}, clear() {} } };
  const run = { path: '/nowhere', start: 0, end: MOST_PART_BYTES / 2 };
  const runs = [run, run, { ...run, end: 4 }];
  const context = { state: states } as unknown as ProcessContext<any>;
  const outputs = find.process({ key: '0', value: { splits: 1, runs } }, context) as AsyncIterable<unknown>;
  await assert.rejects(async () => {
    for await (const output of outputs) assert.fail(`${output}`);
  }, /^InputError: filters: near: column text: expected at most 1073741824 bytes of captions that may be near each other, got 1073741828\. Put/);
});

test('parts grow with the rows, and what is held is told', () => {
  assert.deepEqual([1, 100_000, 10_000_000, 1e10].map(partsFor), [1, 1, 39, 256]);
  const runs = createNearRuns({ similarity: 0.8, shingle: 1 }, 2);
  runs.append('text', column(['one two three', 'four']), 0);
  assert.equal(runs.bytes, 12 * 4 * (4 + 3 + 4 + 1) + 2 * 40);
  let taken = 0;
  for (let bucket = 0; bucket < runs.buckets; bucket++) taken += runs.take(bucket).length;
  assert.deepEqual([taken, runs.bytes], [12 * 4 * (4 + 3 + 4 + 1), 0]);
});

test('cut-off records are noticed', () => {
  assert.throws(() => findNear([new Uint8Array(16 + 3)], 0.8), InvariantError);
  assert.throws(() => findNear([new Uint8Array(Uint32Array.of(1, 0, 0, 2, 9).buffer)], 0.8), InvariantError);
});
