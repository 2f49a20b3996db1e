/** LAION's verdict on whether an image is safe: a string column (UNLIKELY, UNSURE, NSFW). */
import { createByteTable } from '../tag/byte-table.js';
import { utf8Column } from '../tag/column.js';
import { type Filter, filterName } from './filter.js';

/** Keeps rows whose verdict is exactly one of `keep`. */
export function nsfwFilter({ column, keep }: { readonly column: string; readonly keep: readonly string[] }): Filter {
  const name = filterName('nsfw', column, 'NSFW');
  const kept = createByteTable(keep);
  return {
    name,
    reasons: [`${name}: not kept`, `${name}: null`],
    columns: [column],
    select(batch, drop, firstCode) {
      const { rows, offsets, values, valid } = utf8Column(batch, column);
      for (let i = 0; i < rows; i++) {
        if (drop[i] !== 0) continue;
        if (valid !== undefined && valid[i] === 0) drop[i] = firstCode + 1;
        else if (kept.find(values, offsets[i]!, offsets[i + 1]!) < 0) drop[i] = firstCode;
      }
    },
  };
}
