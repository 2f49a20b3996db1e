import { crc32c } from '../schemas/crc32c.js';

/** Added to a rotated CRC, so that the CRC of data that holds CRCs is sound (tensorflow/core/lib/hash/crc32c.h). */
const MASK_DELTA = 0xa282ead8;

/** TensorFlow's masked CRC-32C of `bytes`, unsigned. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
