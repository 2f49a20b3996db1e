/** Uniform numbers in [0, 1) from a seed that is printed: a linear congruential generator (Numerical Recipes). */
export function moments(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
