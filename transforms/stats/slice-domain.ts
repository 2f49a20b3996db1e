/** Slices by the host name of a URL. */
import { columnData, type Utf8Column, utf8Of } from '../tag/column.js';
import { isValid, NONE, type SliceValues } from './slice-value.js';

/** Of a host name (RFC 1035). */
const LONGEST_HOST = 253;
const COLON = 0x3a;
const SLASH = 0x2f;
const isEndOfHost = (byte: number) => byte === SLASH || byte === 0x3f || byte === 0x23 || byte === 0x5c;
const WWW = [0x77, 0x77, 0x77, 0x2e];

/**
 * Puts the host of the URL `bytes[start .. end)` into `host`, in lower case (ASCII), without user, port, a last dot and `www.`; returns its
 * length, 0 where there is none. Not a URL parser: it tells where an image is from and is never fetched.
 */
export function hostOf(bytes: Uint8Array, start: number, end: number, host: Uint8Array): number {
  let at = start;
  while (at + 2 < end && !(bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH)) at++;
  if (at + 2 >= end) return 0;
  let from = at + 3;
  let to = from;
  while (to < end && !isEndOfHost(bytes[to])) to++;
  for (let i = from; i < to; i++) if (bytes[i] === 0x40) from = i + 1;
  for (let i = from; i < to; i++) if (bytes[i] === COLON) to = i;
  if (WWW.every((byte, i) => from + i < to && (bytes[from + i] | 0x20) === (byte | 0x20))) from += WWW.length;
  if (to > from && bytes[to - 1] === 0x2e) to--;
  if (to - from > LONGEST_HOST) return 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    if (byte <= 0x20 || byte === 0x7f) return 0;
    host[i - from] = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
  }
  return to - from;
}

export function domainSlices(name: string, column: string): SliceValues {
  const host = new Uint8Array(LONGEST_HOST);
  let text: Utf8Column;
  return {
    ...NONE,
    name,
    by: 'domain',
    columns: [column],
    begin(batch) {
      text = utf8Of(column, columnData(batch, column));
    },
    find(row) {
      if (!isValid(text, row)) return false;
      this.bytes = host;
      this.start = 0;
      this.end = hostOf(text.values, text.offsets[row], text.offsets[row + 1], host);
      return this.end > 0;
    },
  };
}
