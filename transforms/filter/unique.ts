/** Keeps the first row of each id, or of those that are near each other. */
import { InvariantError } from '../../schemas/errors.js';
import { columnData, validity } from '../tag/column.js';
import { type Filter, filterName } from './filter.js';

/** Position of the first of `sorted` that is at least `value`. */
function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Drops rows listed as duplicates, and null ids.
 * @param duplicates global row numbers from `findDuplicates`, of all buckets, ascending; `select` throws InvariantError without
 *   them, or without a context.
 */
export function uniqueFilter({ column }: { readonly column: string }, duplicates?: Float64Array): Filter {
  return duplicatesFilter(filterName('unique', column, 'id'), column, duplicates);
}

/** The same with rows from `findNear`: drops captions that are near one of an earlier row, and null ones. */
export function nearFilter({ column }: { readonly column: string }, duplicates?: Float64Array): Filter {
  return duplicatesFilter(filterName('near', column, 'text'), column, duplicates);
}

function duplicatesFilter(name: string, column: string, duplicates: Float64Array | undefined): Filter {
  return {
    name,
    reasons: [`${name}: duplicate`, `${name}: null`],
    columns: [column],
    select(batch, drop, firstCode, context) {
      if (duplicates === undefined) throw new InvariantError(`the duplicates of column ${column} are not resolved`);
      if (context === undefined) throw new InvariantError(`${name} needs the row number of the batch`);
      const valid = validity(columnData(batch, column));
      if (valid !== undefined) {
        for (let i = 0; i < batch.numRows; i++) if (valid[i] === 0 && drop[i] === 0) drop[i] = firstCode + 1;
      }
      for (let d = lowerBound(duplicates, context.firstRow); d < duplicates.length; d++) {
        const row = duplicates[d]! - context.firstRow;
        if (row >= batch.numRows) break;
        if (drop[row] === 0) drop[row] = firstCode;
      }
    },
  };
}
