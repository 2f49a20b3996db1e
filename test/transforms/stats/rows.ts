/** Examples as plain objects, for the tests of statistics. */
import fc from 'fast-check';
import type { Tags } from '../../../schemas/tags.js';

export interface Row {
  readonly s: readonly number[];
  readonly y: readonly number[];
  readonly q: number;
}

export function tagsOf(rows: readonly Row[]): Tags {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i] + row.y.length;
  });
  return {
    rows: rows.length,
    attributes: Uint8Array.from(rows.flatMap((row) => row.s)),
    offsets,
    labels: Uint16Array.from(rows.flatMap((row) => row.y)),
  };
}

export function weightsOf(rows: readonly Row[]): Float64Array {
  return Float64Array.from(rows, (row) => row.q);
}

/** Rows of m attributes and c labels, with weights 0, 1, whole, or any multiple of 2^-30 up to 100. */
export function rowsArbitrary(m: number, c: number): fc.Arbitrary<Row[]> {
  return fc.array(
    fc.record({
      s: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: m, maxLength: m }),
      y: fc.subarray(Array.from({ length: c }, (_, r) => r)),
      q: fc.oneof(
        fc.constantFrom(0, 1, 2, 100, 2 ** -30),
        fc.integer({ min: 0, max: 100 * 2 ** 30 }).map((units) => units * 2 ** -30),
      ),
    }),
    { maxLength: 40 },
  );
}
