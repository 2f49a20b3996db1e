import CRC32C from 'crc-32/crc32c.js';

/** CRC-32C of `bytes` that follow others with the CRC `before`; 0 before the first. Unsigned. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  return CRC32C.buf(bytes, before) >>> 0;
}

/** As Google Cloud Storage writes it: base64 of the four bytes, the most significant first. */
export function crc32cText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
