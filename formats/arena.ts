import type { FixedValues } from './data.js';

/** Gives out memory for buffers: `bytes` bytes at a multiple of 8, with anything in them. */
export type Take = (bytes: number) => Uint8Array;

/** Memory of its own for each buffer, zeroed. */
export const takeFresh: Take = (bytes) => new Uint8Array(bytes);

/** Makes memory of at least `bytes` bytes, with anything in it. */
export type Allocate = (bytes: number) => ArrayBuffer;

/** Memory that is used again: what `take` gave is void after `reset`. Fresh pages cost more than the copy into them. */
export interface Arena {
  /** What is taken lies in one block, end to end, as long as the block has room. */
  readonly take: Take;
  /** `bytes`: what will be taken until the next reset, as far as is known. */
  reset(bytes?: number): void;
  /** Bytes taken since the last reset. */
  taken(): number;
}

/** `allocate` makes the blocks. A block that was handed to another thread is replaced at the next reset. */
export function makeArena(allocate: Allocate = (bytes) => new ArrayBuffer(bytes)): Arena {
  let block = new ArrayBuffer(0);
  let used = 0;
  let wanted = 0;
  return {
    take(bytes) {
      const room = Math.ceil(bytes / 8) * 8;
      wanted += room;
      // What does not fit gets memory of its own this time, and the block is made large enough at the next reset.
      if (used + room > block.byteLength) return new Uint8Array(bytes);
      const view = new Uint8Array(block, used, bytes);
      used += room;
      return view;
    },
    reset(bytes = 0) {
      const most = Math.max(wanted, bytes);
      if (most > block.byteLength) block = allocate(most);
      used = 0;
      wanted = 0;
    },
    taken: () => wanted,
  };
}

/** Of typed arrays. */
interface Kind<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, at: number, count: number): T;
}

/** `count` values, with anything in them, in memory from `take`. */
export function takeArray<T>(take: Take, kind: Kind<T>, count: number): T {
  const { buffer, byteOffset } = take(count * kind.BYTES_PER_ELEMENT);
  return new kind(buffer, byteOffset, count);
}

/** The same, of the kind of `like`. */
export function takeLike<T extends FixedValues>(take: Take, like: T, count: number): T {
  return takeArray(take, like.constructor as unknown as Kind<T>, count);
}
