/** Images by their headers: format, size, and whether their end is there. Nothing is decoded. */

import type { ImageFormat } from '../../formats/index.js';
import { imageHeader } from '../../formats/index.js';
import { bytesColumn } from '../tag/column.js';
import type { Filter } from './filter.js';

const NAME = 'image';
const REASONS = ['null', 'empty', 'no image', 'corrupt header', 'cut off', 'other format'] as const;
type Reason = (typeof REASONS)[number];

/** Keeps whole images of the formats wanted. */
export function imageFilter({ formats }: { readonly formats: readonly ImageFormat[] }): Filter {
  const fault = (bytes: Uint8Array): Reason | undefined => {
    if (bytes.length === 0) return 'empty';
    const header = imageHeader(bytes);
    if (header.fault === 'unknown') return 'no image';
    if (!formats.includes(header.format!)) return 'other format';
    return header.fault === undefined ? undefined : header.fault === 'corrupt' ? 'corrupt header' : 'cut off';
  };
  return {
    name: NAME,
    reasons: REASONS.map((reason) => `${NAME}: ${reason}`),
    columns: [NAME],
    select(batch, drop, firstCode) {
      const { rows, offsets, values, valid } = bytesColumn(batch, NAME);
      for (let i = 0; i < rows; i++) {
        if (drop[i] !== 0) continue;
        const isNull = valid !== undefined && valid[i] === 0;
        const reason = isNull ? 'null' : fault(values.subarray(offsets[i], offsets[i + 1]));
        if (reason !== undefined) drop[i] = firstCode + REASONS.indexOf(reason);
      }
    },
  };
}
