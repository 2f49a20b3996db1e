/** Memory of batches that are made one after another and used up in turn: fresh memory, and finding it again, costs more than all that is copied into it. */
import { type Arena, makeArena, type Take } from './arena.js';
import { makeBlock, takeFitting } from './spares.js';

/** What is expected of a batch falls slowly: the last one of a file is a small one. */
const FALL = 15 / 16;

/** Blocks that wait for a batch, at most, and their bytes: more than a row group has that is not hostile. */
const MAXIMUM_SPARES = 64;
const MAXIMUM_BYTES = 64 * 2 ** 20;

export interface BatchMemory {
  /** Memory for the next batch: one block, where it needs about as much as those before it. */
  next(): Take;
  /** Takes blocks, of this or another thread, that nothing lies in any more. */
  give(blocks: Iterable<ArrayBuffer>): void;
}

export function makeBatchMemory(): BatchMemory {
  const spares: ArrayBuffer[] = [];
  let expected = 0;
  let last: Arena | undefined;
  const allocate = (bytes: number): ArrayBuffer => {
    const fitting = takeFitting(spares, bytes);
    if (fitting !== undefined) return fitting;
    // What others needed is too small by now.
    spares.shift();
    return makeBlock(bytes);
  };
  return {
    next() {
      expected = Math.max(last?.taken() ?? 0, expected * FALL);
      last = makeArena(allocate);
      last.reset(Math.ceil(expected));
      return last.take;
    },
    give(blocks) {
      spares.push(...blocks);
      let bytes = spares.reduce((sum, { byteLength }) => sum + byteLength, 0);
      while (spares.length > MAXIMUM_SPARES || bytes > MAXIMUM_BYTES) bytes -= spares.shift()!.byteLength;
    },
  };
}
