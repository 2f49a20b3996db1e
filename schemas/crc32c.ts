/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): what TFRecords and objects on Cloud Storage are checked by. */
import { createRequire } from 'node:module';
import portable from 'crc-32/crc32c.js';

/** `before`: the CRC of the bytes before these, 0 where there are none. Signed or unsigned. */
type Crc = (bytes: Uint8Array, before: number) => number;

/** From here on a call into native code pays: it costs as much as 200 bytes in JavaScript. */
const NATIVE_BYTES = 256;

/** What every CRC-32C has of these bytes. */
const CHECK = { bytes: Buffer.from('123456789'), crc: 0xe306_9283 };

/** The processor's own instruction; undefined where no binary is installed for this system, or it cannot be loaded. */
export function nativeCrc32c(load: (name: string) => unknown = createRequire(import.meta.url)): Crc | undefined {
  try {
    const { crc32c } = load('@node-rs/crc32') as { crc32c: Crc };
    return crc32c(CHECK.bytes, 0) >>> 0 === CHECK.crc ? crc32c : undefined;
  } catch {
    return undefined;
  }
}

export const portableCrc32c: Crc = (bytes, before) => portable.buf(bytes, before);

/** For long runs of bytes; found when the first of them comes. */
let long: Crc | undefined;

/** CRC-32C of `bytes` that follow others with the CRC `before`; 0 before the first. Unsigned. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  if (bytes.length < NATIVE_BYTES) return portable.buf(bytes, before) >>> 0;
  long ??= nativeCrc32c() ?? portableCrc32c;
  return long(bytes, before) >>> 0;
}
