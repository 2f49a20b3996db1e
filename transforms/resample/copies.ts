/**
 * From weights to whole rows. Kernels: randomness comes in as uniforms in [0, 1), one a row, hashed from (seed, id), so the
 * same row is always treated alike, whatever the order, split or retry.
 */
import { InvariantError } from '../../schemas/errors.js';

/**
 * Copies of each row: floor(q), and one more with probability q - floor(q), so that their expectation is the weight.
 * All [rows]; weights in [0, 100], so a byte holds the copies. Writes `out` and returns it.
 */
export function copies(weights: Float64Array, uniform: Float64Array, out: Uint8Array): Uint8Array {
  for (let i = 0; i < weights.length; i++) {
    const whole = Math.floor(weights[i]);
    out[i] = whole + (uniform[i] < weights[i] - whole ? 1 : 0);
  }
  return out;
}

/**
 * Copies of each row in a random subset of the same rate, the control: every row as if its weight were `rate`, E[q].
 * `uniform` must be hashed with a seed other than that of `copies`. All [rows].
 */
export function randomControl(uniform: Float64Array, rate: number, out: Uint8Array): Uint8Array {
  const whole = Math.floor(rate);
  const fraction = rate - whole;
  for (let i = 0; i < uniform.length; i++) out[i] = whole + (uniform[i] < fraction ? 1 : 0);
  return out;
}

/**
 * Row numbers to write, ascending, each repeated as often as it has copies. Rows that a filter dropped (`drop[i] != 0`)
 * are left out whatever their copies.
 */
export function expand(copies: Uint8Array, drop: Uint8Array): Uint32Array {
  let total = 0;
  for (let i = 0; i < drop.length; i++) if (drop[i] === 0) total += copies[i];
  const indices = new Uint32Array(total);
  let at = 0;
  for (let i = 0; i < drop.length; i++) {
    if (drop[i] !== 0) continue;
    for (let j = copies[i]; j > 0; j--) indices[at++] = i;
  }
  return indices;
}

/** Drop codes of the resampler, numbered after those of the filters. */
export interface ResampleCodes {
  /** The weight is 0: no draw could have kept the row. */
  readonly weightZero: number;
  /** The weight is positive, and the draw gave no copy. */
  readonly sampledOut: number;
}

/**
 * Final reason of each row: a filter's code stays; 0 stays where there is a copy; the rest is `weightZero` or `sampledOut`.
 * All [rows]. Throws InvariantError where a row of weight 0 has a copy, or the two codes are not their own.
 */
export function finalDrop(
  drop: Uint8Array,
  weights: Float64Array,
  copies: Uint8Array,
  { weightZero, sampledOut }: ResampleCodes,
  out: Uint8Array,
): Uint8Array {
  if (weightZero === 0 || sampledOut === 0 || weightZero === sampledOut) {
    throw new InvariantError(`resample: weight 0 has code ${weightZero} and sampled out ${sampledOut}`);
  }
  for (let i = 0; i < drop.length; i++) {
    if (drop[i] !== 0) out[i] = drop[i];
    else if (copies[i] === 0) out[i] = weights[i] > 0 ? sampledOut : weightZero;
    else if (weights[i] > 0) out[i] = 0;
    else throw new InvariantError(`resample: row ${i} has weight ${weights[i]} and ${copies[i]} copies`);
  }
  return out;
}
