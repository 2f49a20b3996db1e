/** Scores: bounds on a numeric column. Both bounds are inclusive; null and NaN fail, under one reason. */
import { InvariantError } from '../../schemas/errors.js';
import { numberColumn } from '../tag/column.js';
import { type Filter, filterName } from './filter.js';

interface Bounds {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
}

/**
 * @param rounds whether bounds are rounded to float32 where the column is: 0.7 in a file of float32 is not 0.7 of the
 *   configuration (NumPy and pandas compare so, too).
 */
function boundsFilter(name: string, column: string, bounds: () => Bounds, rounds: boolean): Filter {
  return {
    name,
    reasons: [`${name}: low`, `${name}: high`, `${name}: null`],
    columns: [column],
    select(batch, drop, firstCode) {
      const { rows, values, valid } = numberColumn(batch, column);
      const round = rounds && values instanceof Float32Array ? Math.fround : (x: number) => x;
      const { minimum, maximum } = bounds();
      const low = round(minimum ?? Number.NEGATIVE_INFINITY);
      const high = round(maximum ?? Number.POSITIVE_INFINITY);
      for (let i = 0; i < rows; i++) {
        if (drop[i] !== 0) continue;
        const value = values[i]!;
        if (value >= low && value <= high && (valid === undefined || valid[i] === 1)) continue;
        const missing = Number.isNaN(value) || (valid !== undefined && valid[i] === 0);
        drop[i] = firstCode + (missing ? 2 : value < low ? 0 : 1);
      }
    },
  };
}

/** Keeps rows of any numeric column within `minimum` and `maximum`. */
export function scoreFilter(rule: Bounds & { readonly column: string }): Filter {
  return boundsFilter(`score ${rule.column}`, rule.column, () => rule, true);
}

/**
 * Keeps rows with at least `minimum` similarity, or at least the threshold of the top `fraction`.
 * @param threshold of the fraction, from `refine` or `thresholdOf`; `select` throws InvariantError without it.
 */
export function similarityFilter(
  rule: { readonly column: string; readonly minimum?: number | undefined; readonly fraction?: number | undefined },
  threshold?: number,
): Filter {
  const resolved = (): Bounds => {
    if (threshold === undefined)
      throw new InvariantError(`the threshold of the top ${rule.fraction} of ${rule.column} is not resolved`);
    return { minimum: threshold };
  };
  const name = filterName('similarity', rule.column, 'similarity');
  return boundsFilter(
    name,
    rule.column,
    rule.fraction === undefined ? () => rule : resolved,
    rule.fraction === undefined,
  );
}
