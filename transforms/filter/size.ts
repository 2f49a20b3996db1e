/** Image size, from the columns width and height in pixels. A size that is null, NaN or not positive is unknown. */
import { numberColumn } from '../tag/column.js';
import type { Filter } from './filter.js';

function sizeFilter(name: string, failure: string, keeps: (shorter: number, longer: number) => boolean): Filter {
  return {
    name,
    reasons: [`${name}: ${failure}`, `${name}: null`],
    columns: ['width', 'height'],
    select(batch, drop, firstCode) {
      const width = numberColumn(batch, 'width');
      const height = numberColumn(batch, 'height');
      for (let i = 0; i < width.rows; i++) {
        if (drop[i] !== 0) continue;
        const w = width.values[i]!;
        const h = height.values[i]!;
        const known =
          (width.valid === undefined || width.valid[i] === 1) && (height.valid === undefined || height.valid[i] === 1);
        if (!known || !(w > 0 && h > 0)) drop[i] = firstCode + 1;
        else if (!(w < h ? keeps(w, h) : keeps(h, w))) drop[i] = firstCode;
      }
    },
  };
}

/** Keeps images whose shorter side has at least `minimum` pixels (inclusive). */
export function sideFilter({ minimum }: { readonly minimum: number }): Filter {
  return sizeFilter('side', 'too small', (shorter) => shorter >= minimum);
}

/** Keeps images whose longer side over the shorter is at most `maximum` (inclusive). */
export function aspectFilter({ maximum }: { readonly maximum: number }): Filter {
  return sizeFilter('aspect', 'too long', (shorter, longer) => longer / shorter <= maximum);
}
