/** From logits to scores. */

/** Scores [rows, n] of logits [rows, n]; `softmax` over the classes of a row, `sigmoid` of each, `none`: as they are. */
export function activate(
  logits: ArrayLike<number>,
  rows: number,
  n: number,
  activation: 'none' | 'softmax' | 'sigmoid',
): Float32Array {
  const out = new Float32Array(rows * n);
  if (activation === 'none') out.set(logits);
  else if (activation === 'sigmoid') for (let i = 0; i < out.length; i++) out[i] = 1 / (1 + Math.exp(-logits[i]!));
  else {
    const powers = new Float64Array(n);
    for (let at = 0; at < out.length; at += n) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < n; j++) largest = Math.max(largest, logits[at + j]!);
      let sum = 0;
      for (let j = 0; j < n; j++) {
        powers[j] = Math.exp(logits[at + j]! - largest);
        sum += powers[j]!;
      }
      for (let j = 0; j < n; j++) out[at + j] = powers[j]! / sum;
    }
  }
  return out;
}
