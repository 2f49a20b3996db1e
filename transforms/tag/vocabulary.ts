/** The distinct strings of a list column and how many rows carry each: what its labels are. */
import type { RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import { createByteTable } from './byte-table.js';
import { listColumn } from './column.js';

export interface VocabularyCounter {
  /** Counts the rows of a batch; with `drop` [rows], only those where it is 0. */
  add(batch: RecordBatch, drop?: Uint8Array): void;
  /** String: rows that carry it. Merge with `addVocabulary`. */
  counts(): Map<string, number>;
}

/** Distinct strings that one counter holds at most, ours: some 500 MB at 100 bytes each. */
const MAXIMUM_DISTINCT = 4_000_000;

/**
 * Counts the strings of a list column, each once a row.
 * @throws InputError (from `add`) for a column of another type, and where there are more than `maximumDistinct` distinct strings.
 */
export function createVocabularyCounter(column: string, maximumDistinct = MAXIMUM_DISTINCT): VocabularyCounter {
  const table = createByteTable();
  let counts = new Float64Array(1024);
  let lastRow = new Float64Array(1024).fill(-1);
  let rowsSeen = 0;
  return {
    add(batch, drop) {
      const { rows, offsets, items, valid } = listColumn(batch, column);
      for (let i = 0; i < rows; i++, rowsSeen++) {
        if ((valid !== undefined && valid[i] === 0) || (drop !== undefined && drop[i] !== 0)) continue;
        for (let item = offsets[i]!; item < offsets[i + 1]!; item++) {
          if (items.valid !== undefined && items.valid[item] === 0) continue;
          const n = table.intern(items.values, items.offsets[item]!, items.offsets[item + 1]!);
          if (n === maximumDistinct) {
            throw new InputError('too many labels', {
              place: `column ${column}`,
              expected: `at most ${maximumDistinct} distinct strings`,
              got: 'more',
              hint: 'A label list should name things from a limited vocabulary.',
            });
          }
          if (n === counts.length) {
            const moreCounts = new Float64Array(n * 2);
            moreCounts.set(counts);
            counts = moreCounts;
            const moreRows = new Float64Array(n * 2).fill(-1);
            moreRows.set(lastRow);
            lastRow = moreRows;
          }
          if (lastRow[n] === rowsSeen) continue;
          lastRow[n] = rowsSeen;
          counts[n]!++;
        }
      }
    },
    counts() {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      const result = new Map<string, number>();
      for (let n = 0; n < table.size; n++) {
        const name = decoder.decode(table.bytesOf(n));
        result.set(name, (result.get(name) ?? 0) + counts[n]!);
      }
      return result;
    },
  };
}

/** Adds `from` to `into`: commutative, associative, with the empty map as its neutral element. */
export function addVocabulary(into: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [name, count] of from) into.set(name, (into.get(name) ?? 0) + count);
}

/** The names carried by at least `minimumCount` rows, the `maximum` most frequent of them: by count, then by name (code units). */
export function topVocabulary(counts: ReadonlyMap<string, number>, minimumCount: number, maximum: number): string[] {
  return [...counts]
    .filter(([name, count]) => name !== '' && count >= minimumCount)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : a > b ? 1 : 0))
    .slice(0, maximum)
    .map(([name]) => name);
}
