/** How attributes go together: for each two of them, examples by both values, where both are known. A commutative monoid, exact. */
import { addUnits, createSums, type ExactSums, mergeSums, sumValue } from '../../schemas/exact-sum.js';
import { type Tags, UNKNOWN } from '../../schemas/tags.js';
import { attributeCodes, codesOf, rowsByCode, valuesOf } from './attribute-codes.js';
import { unitSums } from './moments.js';
import { ByteReader, ByteWriter } from './varint.js';

/** Cells of a pair: by 2 s_k + s_l. */
const CELLS = 4;

export interface CoOccurrences {
  /** m */
  readonly attributes: number;
  /** [m (m - 1) / 2, 4] examples; pairs k < l in the order (0, 1), (0, 2), …, (1, 2), … */
  readonly support: Float64Array;
  /** [as support] sums of weights; null where every weight is 1. */
  weights: ExactSums | null;
}

export function emptyCoOccurrences(attributes: number): CoOccurrences {
  return { attributes, support: new Float64Array((attributes * (attributes - 1) * CELLS) / 2), weights: null };
}

/** First cell of the pair k < l. */
function cellsOf(m: number, k: number, l: number): number {
  return CELLS * ((k * (2 * m - k - 1)) / 2 + (l - k - 1));
}

/** Adds the rows in `indices`, or all, counted by the code of their attributes at first. */
function addByCode({ attributes: m, support }: CoOccurrences, tags: Tags, indices?: Uint32Array): void {
  const code = attributeCodes(tags, m);
  const chosen = indices === undefined ? code : new Uint16Array(indices.length);
  if (indices !== undefined) for (let i = 0; i < indices.length; i++) chosen[i] = code[indices[i]];
  rowsByCode(chosen, codesOf(m)).forEach((n, each) => {
    if (n === 0) return;
    const values = valuesOf(each, m);
    for (let k = 0; k < m; k++) {
      for (let l = k + 1; l < m; l++) {
        if (values[k] < UNKNOWN && values[l] < UNKNOWN) support[cellsOf(m, k, l) + 2 * values[k] + values[l]] += n;
      }
    }
  });
}

/**
 * Adds the rows in `indices` (left out: all), with weight 1 or, where given, `units` [rows] of 2^-30; rows of weight 0 add nothing.
 */
export function addCoOccurrences(into: CoOccurrences, tags: Tags, indices?: Uint32Array, units?: Float64Array): void {
  const m = into.attributes;
  if (m < 2) return;
  const { support } = into;
  if (units === undefined && codesOf(m) <= (indices?.length ?? tags.rows)) {
    addByCode(into, tags, indices);
    return;
  }
  if (units !== undefined) into.weights ??= unitSums(support);
  const known = new Int32Array(m);
  for (const row of indices ?? new Uint32Array(tags.rows).keys()) {
    const weight = units?.[row];
    if (weight === 0) continue;
    let n = 0;
    for (let k = 0; k < m; k++) if (tags.attributes[row * m + k] < UNKNOWN) known[n++] = k;
    for (let a = 0; a + 1 < n; a++) {
      const k = known[a];
      const first = 2 * tags.attributes[row * m + k];
      for (let b = a + 1; b < n; b++) {
        const cell = cellsOf(m, k, known[b]) + first + tags.attributes[row * m + known[b]];
        support[cell]++;
        if (weight !== undefined) addUnits(into.weights!, cell, weight);
      }
    }
  }
}

/** Adds `from`, of as many attributes, to `into` and returns `into`. */
export function mergeCoOccurrences(into: CoOccurrences, from: CoOccurrences): CoOccurrences {
  if (into.weights !== null || from.weights !== null) {
    into.weights ??= unitSums(into.support);
    mergeSums(into.weights, from.weights ?? unitSums(from.support));
  }
  for (let i = 0; i < into.support.length; i++) into.support[i] += from.support[i];
  return into;
}

/** Support and weight of a pair's four cells. */
export function coOccurrenceOf(
  table: CoOccurrences,
  k: number,
  l: number,
  cell: number,
): { support: number; weight: number } {
  const at = cellsOf(table.attributes, k, l) + cell;
  const support = table.support[at];
  return { support, weight: table.weights === null ? support : sumValue(table.weights, at) };
}

/** Canonical. */
export function encodeCoOccurrences({ support, weights }: CoOccurrences): Uint8Array {
  const out = new ByteWriter();
  out.number(weights === null ? 0 : 1);
  support.forEach((rows, i) => {
    out.number(rows);
    if (weights === null) return;
    out.number(weights.hi[i]);
    out.number(weights.lo[i]);
  });
  return out.take();
}

/** Throws InputError for bytes that are not of `attributes` attributes. */
export function decodeCoOccurrences(bytes: Uint8Array, attributes: number): CoOccurrences {
  const from = new ByteReader('co-occurrences', bytes);
  const table = emptyCoOccurrences(attributes);
  if (from.number(1) === 1) table.weights = createSums(table.support.length);
  for (let i = 0; i < table.support.length; i++) {
    table.support[i] = from.number();
    if (table.weights === null) continue;
    table.weights.hi[i] = from.number();
    table.weights.lo[i] = from.number();
  }
  from.end();
  return table;
}
