/** What `snappy.wat` exports, and how a copy of it is made. The build assembles it and writes the module behind these types. */
export interface SnappyExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  decompress(at: number, end: number, out: number, outEnd: number): number;
}

/** A copy with memory of its own. */
export function instantiate(): SnappyExports;
