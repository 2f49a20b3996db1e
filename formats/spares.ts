/** Memory of readers and writers that have ended, for the next ones: fresh memory costs more than the copy into it, and collecting it as much again. */

const MAXIMUM_SPARES = 8;
const MAXIMUM_BYTES = 4 << 20;

const spares: Uint8Array<ArrayBuffer>[] = [];

/** Memory of at least `bytes` bytes, with anything in it, from its buffer's first byte on. */
export function takeSpare(bytes: number): Uint8Array<ArrayBuffer> {
  const found = spares.findIndex((spare) => spare.length >= bytes);
  return found < 0 ? new Uint8Array(bytes) : spares.splice(found, 1)[0]!;
}

/** Whoever gives memory must not use it any more, nor a view of it. */
export function giveSpare(memory: Uint8Array<ArrayBuffer>): void {
  if (memory.length > 0 && memory.length <= MAXIMUM_BYTES && spares.length < MAXIMUM_SPARES) spares.push(memory);
}
