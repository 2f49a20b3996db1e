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
    for (let at = 0; at < out.length; at += n) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = at; j < at + n; j++) largest = Math.max(largest, logits[j]!);
      let sum = 0;
      for (let j = at; j < at + n; j++) sum += Math.exp(logits[j]! - largest);
      for (let j = at; j < at + n; j++) out[j] = Math.exp(logits[j]! - largest) / sum;
    }
  }
  return out;
}
