/** How partial results are spread over the workers that merge them first. */

/** Enough that no worker is given the results of all bundles, few enough that one is given theirs. Ours. */
const MERGERS = 16;

/** The key under which a bundle's result is merged first, by the number of its first split or unit. */
export function mergerOf(ordinal: number): string {
  return String(ordinal % MERGERS);
}
