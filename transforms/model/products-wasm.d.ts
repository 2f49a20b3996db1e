/** What `products.wat` exports, and how a copy of it is made. The build assembles it and writes the module behind these types. */
export interface ProductsExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  products(x: number, weights: number, out: number, rows: number, dims: number, groups: number): void;
  squaredLengths(x: number, out: number, rows: number, dims: number): void;
}

/** A copy with memory of its own. Throws where the processor has no SIMD. */
export function instantiate(): ProductsExports;
