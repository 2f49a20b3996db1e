/** Columns that must hold something. */
import { columnData, validity } from '../tag/column.js';
import type { Filter } from './filter.js';

/** Drops rows in which a column is null, or an empty string, list or binary; one reason a column. */
export function presentFilter({ columns }: { readonly columns: readonly string[] }): Filter {
  return {
    name: 'present',
    reasons: columns.map((column) => `present: ${column}`),
    columns,
    select(batch, drop, firstCode) {
      columns.forEach((column, reason) => {
        const data = columnData(batch, column);
        const valid = validity(data);
        // Typed as int32 only; of large types they are bigint, which compare alike.
        const offsets = data.valueOffsets as Int32Array | undefined;
        for (let i = 0; i < data.length; i++) {
          if (drop[i] !== 0) continue;
          const empty = offsets !== undefined && offsets[i + 1]! <= offsets[i]!;
          if (empty || (valid !== undefined && valid[i] === 0)) drop[i] = firstCode + reason;
        }
      });
    },
  };
}
