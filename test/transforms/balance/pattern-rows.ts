/** Random rows with unknowns, repeated labels' sets and odd utilities, and the table that counts them. */
import fc from 'fast-check';
import type { Tags } from '../../../schemas/tags.js';
import { addPatterns, createPatterns, type PatternTable } from '../../../transforms/balance/patterns.js';

export const M = 2;
export const C = 4;

export interface Row {
  readonly s: readonly number[];
  readonly y: readonly number[];
  readonly u: number;
}

export const row: fc.Arbitrary<Row> = fc.record({
  s: fc.array(fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom(3, 4, 33, 34, 65)), {
    minLength: M,
    maxLength: M,
  }),
  y: fc.uniqueArray(fc.integer({ min: 0, max: C - 1 })).map((y) => y.sort((a, b) => a - b)),
  u: fc.oneof(
    fc.constantFrom(0, -0, 1, Number.NaN, -1, Number.POSITIVE_INFINITY),
    fc.integer({ min: 0, max: 40 }).map((i) => 1 + i * 2 ** -12),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  ),
});
export const rowList = fc.array(row, { maxLength: 80 });

export function tagsOf(rows: readonly Row[]): Tags {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((r, i) => {
    offsets[i + 1] = offsets[i] + r.y.length;
  });
  return {
    rows: rows.length,
    attributes: Uint8Array.from(rows.flatMap((r) => r.s)),
    offsets,
    labels: Uint16Array.from(rows.flatMap((r) => r.y)),
  };
}

export function tableOf(rows: readonly Row[], limit = 1000): PatternTable {
  const table = createPatterns(M, C, limit);
  addPatterns(
    table,
    tagsOf(rows),
    Float64Array.from(rows, (r) => r.u),
  );
  return table;
}
