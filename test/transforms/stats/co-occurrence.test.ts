import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UNITS_PER_ONE } from '../../../schemas/exact-sum.js';
import {
  addCoOccurrences,
  coOccurrenceOf,
  decodeCoOccurrences,
  emptyCoOccurrences,
  encodeCoOccurrences,
  mergeCoOccurrences,
} from '../../../transforms/stats/co-occurrence.js';
import { type Row, rowsArbitrary, tagsOf, weightsOf } from './rows.js';

const M = 4;

function tableOf(rows: readonly Row[], weighted: boolean) {
  const table = emptyCoOccurrences(M);
  const units = weighted ? weightsOf(rows).map((q) => q * UNITS_PER_ONE) : undefined;
  addCoOccurrences(table, tagsOf(rows), Uint32Array.from(rows.keys()), units);
  return table;
}

test('each cell counts the rows in which both attributes have these values', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, 1), fc.boolean(), (rows, weighted) => {
      const table = tableOf(rows, weighted);
      for (let k = 0; k < M; k++) {
        for (let l = k + 1; l < M; l++) {
          for (let cell = 0; cell < 4; cell++) {
            const inCell = rows.filter(
              ({ s, q }) => s[k] === cell >> 1 && s[l] === (cell & 1) && !(weighted && q === 0),
            );
            const { support, weight } = coOccurrenceOf(table, k, l, cell);
            const expected = inCell.reduce((sum, { q }) => sum + (weighted ? q : 1), 0);
            assert.equal(support, inCell.length);
            assert.ok(Math.abs(weight - expected) <= 1e-9 * Math.max(1, expected));
          }
        }
      }
    }),
  );
});

test('many rows, counted by codes of attributes, count as one by one', () => {
  fc.assert(
    fc.property(fc.array(rowsArbitrary(M, 1), { minLength: 10, maxLength: 20 }), (parts) => {
      const rows = parts.flat();
      const oneByOne = emptyCoOccurrences(M);
      rows.forEach((_, i) => {
        addCoOccurrences(oneByOne, tagsOf(rows), Uint32Array.of(i));
      });
      assert.deepEqual(tableOf(rows, false), oneByOne);
    }),
    { numRuns: 30 },
  );
});

test('tables add up exactly, weighted or not, and survive encoding', () => {
  fc.assert(
    fc.property(rowsArbitrary(M, 1), rowsArbitrary(M, 1), fc.boolean(), (a, b, weighted) => {
      const merged = mergeCoOccurrences(
        tableOf(a, weighted),
        decodeCoOccurrences(encodeCoOccurrences(tableOf(b, weighted)), M),
      );
      assert.deepEqual(encodeCoOccurrences(merged), encodeCoOccurrences(tableOf([...b, ...a], weighted)));
    }),
  );
});
