import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Int32, type RecordBatch, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { mergePlaced, type Placed } from '../../../transforms/write/merge-placed.js';
import { byPlace, placesOf, shardOf } from '../../../transforms/write/places.js';
import { openSpill, piecesOf, readPiece } from '../../../transforms/write/spill.js';
import { batchOf } from '../../end-to-end/inputs.js';
import { scratch } from '../../end-to-end/scratch.js';

const rowsOf = (values: readonly number[]) =>
  batchOf([
    ['number', { type: new Int32(), values }],
    ['text', { type: new Utf8(), values: values.map((value) => (value % 3 === 0 ? null : `row ${value}`)) }],
  ]);

const numbersOf = (batch: RecordBatch) => [...batch.getChild('number')!].map(Number);

test('each copy of each row has a place, the same however rows are cut; another seed gives others', () => {
  const indices = Uint32Array.of(0, 0, 1, 3, 3, 3);
  const places = placesOf(indices, 1_000, 7);
  assert.equal(new Set(places).size, indices.length);
  assert.ok(places.every((place) => place >= 0 && place < 1));
  assert.deepEqual([...placesOf(Uint32Array.of(2, 2, 2), 1_001, 7)], [...places.subarray(3)]);
  assert.notDeepEqual(placesOf(indices, 1_000, 8), places);
});

test('places spread rows evenly over shards', () => {
  const places = placesOf(
    Uint32Array.from({ length: 20_000 }, (_, i) => i),
    0,
    1,
  );
  const counts = new Array(20).fill(0);
  for (const place of places) counts[shardOf(place, 20)]++;
  // Five standard deviations of a binomial count.
  for (const count of counts) assert.ok(Math.abs(count - 1_000) < 5 * Math.sqrt(950), `${counts}`);
  assert.equal(shardOf(1 - 2 ** -53, 3), 2);
});

test('sorted pieces are merged as a stable sort of all rows has them', () => {
  const places = fc.array(fc.array(fc.constantFrom(0, 0.125, 0.25, 0.5, 0.9), { minLength: 1, maxLength: 30 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(places, (all) => {
      let next = 0;
      const rows: { place: number; number: number }[] = [];
      const pieces = all.map((piece): Placed => {
        const sorted = Float64Array.from(piece).sort();
        const numbers = Array.from(sorted, () => next++);
        numbers.forEach((number, i) => {
          rows.push({ place: sorted[i]!, number });
        });
        return { batch: rowsOf(numbers), places: sorted };
      });
      // Array.prototype.sort is stable.
      const expected = rows.sort((a, b) => a.place - b.place).map(({ number }) => number);
      assert.deepEqual([...mergePlaced(pieces)].flatMap(numbersOf), expected);
    }),
    { numRuns: 200 },
  );
});

test('rows that are spilled in many files come out as those that fit into one; nothing is held beyond the limit', async (t) => {
  const staging = join(scratch(t), 'staging');
  const numbers = Array.from({ length: 3_000 }, (_, i) => i);
  const places = placesOf(Uint32Array.from(numbers), 0, 3);
  const shards = 5;
  const shuffled = async (part: string, batchRows: number, spillBytes?: number) => {
    const spill = openSpill(staging, { part, index: 0, shards }, spillBytes);
    for (let row = 0; row < numbers.length; row += batchRows) {
      const some = numbers.slice(row, row + batchRows);
      await spill.write('shard', rowsOf(some), 1, places.slice(row, row + batchRows));
    }
    const files = await spill.close();
    assert.equal(
      files.reduce((sum, { rows }) => sum + rows, 0),
      numbers.length,
    );
    const out: number[] = [];
    for (let shard = 0; shard < shards; shard++) {
      const placed: Placed[] = [];
      for (const file of files) {
        for (const piece of await piecesOf(staging, file)) {
          assert.equal(piece.inputs, 1);
          if (piece.shard === shard) placed.push(await readPiece(staging, file.path, piece));
        }
      }
      for (const batch of mergePlaced(placed)) {
        out.push(...numbersOf(batch));
        for (const { number, text } of batch) assert.equal(text, number % 3 === 0 ? null : `row ${number}`);
      }
    }
    return { out, files: files.length };
  };
  const expected = [...byPlace(places)];
  const one = await shuffled('one', 3_000);
  assert.deepEqual(one, { out: expected, files: 1 });
  const many = await shuffled('many', 70, 2_000);
  assert.deepEqual(many.out, expected);
  assert.ok(many.files > 10, `${many.files} files`);
});
