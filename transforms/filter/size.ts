/** Image size in pixels, from the columns width and height or from the header of the image. A size that is null, NaN or not positive is unknown. */
import type { RecordBatch } from 'apache-arrow';
import { imageHeader } from '../../formats/index.js';
import { bytesColumn, numberColumn } from '../tag/column.js';
import type { Filter } from './filter.js';

type SizeFrom = 'columns' | 'image' | undefined;

interface Sizes {
  readonly rows: number;
  /** 0 or NaN where it is unknown. */
  of(row: number): { readonly width: number; readonly height: number };
}

const UNKNOWN = { width: 0, height: 0 };

function sizesOf(batch: RecordBatch, from: SizeFrom): Sizes {
  if (from === 'image') {
    const { rows, offsets, values, valid } = bytesColumn(batch, 'image');
    const isNull = (i: number) => valid !== undefined && valid[i] === 0;
    return { rows, of: (i) => (isNull(i) ? UNKNOWN : imageHeader(values.subarray(offsets[i], offsets[i + 1]))) };
  }
  const width = numberColumn(batch, 'width');
  const height = numberColumn(batch, 'height');
  const known = (i: number) =>
    (width.valid === undefined || width.valid[i] === 1) && (height.valid === undefined || height.valid[i] === 1);
  const of = (i: number) => (known(i) ? { width: width.values[i]!, height: height.values[i]! } : UNKNOWN);
  return { rows: width.rows, of };
}

function sizeFilter(
  name: string,
  from: SizeFrom,
  failure: string,
  keeps: (shorter: number, longer: number) => boolean,
): Filter {
  return {
    name,
    reasons: [`${name}: ${failure}`, `${name}: null`],
    columns: from === 'image' ? ['image'] : ['width', 'height'],
    select(batch, drop, firstCode) {
      const sizes = sizesOf(batch, from);
      for (let i = 0; i < sizes.rows; i++) {
        if (drop[i] !== 0) continue;
        const { width: w, height: h } = sizes.of(i);
        if (!(w > 0 && h > 0)) drop[i] = firstCode + 1;
        else if (!(w < h ? keeps(w, h) : keeps(h, w))) drop[i] = firstCode;
      }
    },
  };
}

/** Keeps images whose shorter side has at least `minimum` pixels (inclusive). */
export function sideFilter({ minimum, from }: { readonly minimum: number; readonly from?: SizeFrom }): Filter {
  return sizeFilter('side', from, 'too small', (shorter) => shorter >= minimum);
}

/** Keeps images whose longer side over the shorter is at most `maximum` (inclusive). */
export function aspectFilter({ maximum, from }: { readonly maximum: number; readonly from?: SizeFrom }): Filter {
  return sizeFilter('aspect', from, 'too long', (shorter, longer) => longer / shorter <= maximum);
}
