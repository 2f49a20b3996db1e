declare module 'lz4js' {
  /** Decompresses one block of `length` bytes at `from` into `target` at `to`; returns the end. Neither end is checked. */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    from: number,
    length: number,
    to: number,
  ): number;
  export function compress(source: Uint8Array): Uint8Array;
}
