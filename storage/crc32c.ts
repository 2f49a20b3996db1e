export { crc32c } from '../schemas/crc32c.js';

/** A CRC-32C as Google Cloud Storage writes it: base64 of the four bytes, the most significant first. */
export function crc32cText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
