import { maskedCrc32c } from './crc32c.js';

/** A record is its length (uint64), the length's masked CRC, the data, and their masked CRC (tensorflow/core/lib/io/record_writer.h). */
export const FRAME_HEAD_BYTES = 12;
export const FRAME_TAIL_BYTES = 4;

/** Lengths whose checksum is remembered; records of a data set share few lengths. */
const REMEMBERED_LENGTHS = 65_536;

const lengthBytes = new Uint8Array(8);
const lengthView = new DataView(lengthBytes.buffer);
const remembered = new Uint32Array(REMEMBERED_LENGTHS);
const isRemembered = new Uint8Array(REMEMBERED_LENGTHS);

/** The masked CRC of a length as a frame holds it. */
export function lengthCrc(length: number): number {
  if (length < REMEMBERED_LENGTHS && isRemembered[length] === 1) return remembered[length]!;
  lengthView.setUint32(0, length % 2 ** 32, true);
  lengthView.setUint32(4, Math.floor(length / 2 ** 32), true);
  const crc = maskedCrc32c(lengthBytes);
  if (length < REMEMBERED_LENGTHS) {
    remembered[length] = crc;
    isRemembered[length] = 1;
  }
  return crc;
}
