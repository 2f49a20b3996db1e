import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';

/** It is for configurations and manifests. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** All bytes of a file. Throws an InputError for one that is too large to be kept. */
export async function readWhole(source: ByteSource): Promise<Uint8Array> {
  if (source.bytes > MAXIMUM_BYTES) {
    const expected = `at most ${MAXIMUM_BYTES} bytes`;
    throw new InputError('read', { file: source.name, expected, got: `${source.bytes}` });
  }
  return source.read(0, source.bytes);
}
