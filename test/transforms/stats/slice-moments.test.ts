import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addWeighted, emptyMoments } from '../../../transforms/stats/moments.js';
import { encodeMoments } from '../../../transforms/stats/moments-codec.js';
import { addSlice, addToSlice, createSliceTable, emptySlice } from '../../../transforms/stats/slice-moments.js';
import type { ValueTable } from '../../../transforms/stats/value-table.js';
import { type Row, rowsArbitrary, tagsOf, weightsOf } from './rows.js';

const [M, C] = [2, 3];

/** The value of row i, and whether a filter dropped it. */
const valueOfRow = (i: number) => ['x', 'y', ''][i % 3];
const isDropped = (i: number) => i % 4 === 1;

function tableOf(rows: readonly Row[], weighted: boolean, chosen: (i: number) => boolean = () => true): ValueTable {
  const table = createSliceTable(M, weighted, 10);
  const tags = tagsOf(rows);
  const batch = {
    tags,
    levels: new Uint8Array(rows.length),
    drop: Uint8Array.from(rows, (_, i) => Number(isDropped(i))),
    weights: weighted ? weightsOf(rows) : undefined,
  };
  rows.forEach((_, i) => {
    const bytes = Buffer.from(valueOfRow(i));
    if (chosen(i)) addToSlice(table, batch, i, bytes, 0, bytes.length);
  });
  return table;
}

/** Moments of the rows of a slice by the functions that count a whole data set. */
function slowly(rows: readonly Row[], value: string, dropped: boolean, weights: Float64Array) {
  const moments = emptyMoments(M, C);
  const chosen = rows.flatMap((_, i) => (valueOfRow(i) === value && isDropped(i) === dropped ? [i] : []));
  addWeighted(moments, tagsOf(rows), weights, Uint32Array.from(chosen));
  return encodeMoments(moments);
}

test('a slice has the moments of its rows: dropped, kept, and weighted', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), fc.boolean(), (rows, weighted) => {
      const ones = new Float64Array(rows.length).fill(1);
      for (const { value, blocks } of tableOf(rows, weighted).sums()) {
        const name = Buffer.from(value).toString();
        const slice = emptySlice(M, C, weighted);
        addSlice(slice, blocks);
        assert.deepEqual(encodeMoments(slice.dropped), slowly(rows, name, true, ones));
        assert.deepEqual(encodeMoments(slice.kept), slowly(rows, name, false, ones));
        if (weighted) assert.deepEqual(encodeMoments(slice.weighted!), slowly(rows, name, false, weightsOf(rows)));
      }
    }),
  );
});

test('slices of parts add up to those of all rows, bit by bit', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, C), (rows) => {
      const merged = tableOf(rows, true, (i) => i % 2 === 0);
      merged.add(tableOf(rows, true, (i) => i % 2 === 1).encode());
      assert.deepEqual(merged.encode(), tableOf(rows, true).encode());
    }),
  );
});
