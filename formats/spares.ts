/** Memory of readers and writers that have ended, for the next ones: fresh memory costs more than the copy into it, and collecting it as much again. */
import type { Allocate } from './arena.js';

const MAXIMUM_SPARES = 8;
const MAXIMUM_BYTES = 4 << 20;

const spares: Uint8Array<ArrayBuffer>[] = [];

/** A block for `bytes` bytes, and a little more: the next thing of its kind, a batch or a row group, takes about as much. */
export const makeBlock: Allocate = (bytes) => new ArrayBuffer(Math.ceil((bytes * 17) / 16));

/** Takes the smallest of some blocks that has `bytes` bytes out of them. */
export function takeFitting<T extends { readonly byteLength: number }>(blocks: T[], bytes: number): T | undefined {
  let best: T | undefined;
  for (const block of blocks)
    if (block.byteLength >= bytes && (best === undefined || block.byteLength < best.byteLength)) best = block;
  if (best !== undefined) blocks.splice(blocks.indexOf(best), 1);
  return best;
}

/** Memory of at least `bytes` bytes, with anything in it, from its buffer's first byte on. */
export function takeSpare(bytes: number): Uint8Array<ArrayBuffer> {
  return takeFitting(spares, bytes) ?? new Uint8Array(bytes);
}

/** Whoever gives memory must not use it any more, nor a view of it. */
export function giveSpare(memory: Uint8Array<ArrayBuffer>): void {
  if (memory.length > 0 && memory.length <= MAXIMUM_BYTES && spares.length < MAXIMUM_SPARES) spares.push(memory);
}
