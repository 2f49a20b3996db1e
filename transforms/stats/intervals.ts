/** Confidence limits. Counts may be Kish-effective, so they need not be whole numbers. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval of a share seen in `n` examples (Wilson 1927; method 3 of Newcombe, Statistics in Medicine 17
 * (1998) 857-872). `z` is the two-sided normal quantile. With no examples: [0, 1].
 */
export function wilson(share: number, n: number, z: number): Interval {
  if (!(n > 0)) return { low: 0, high: 1 };
  const z2 = z * z;
  const centre = 2 * n * share + z2;
  const half = z * Math.sqrt(z2 + 4 * n * share * (1 - share));
  const scale = 2 * (n + z2);
  // At a share of 0 or 1 the limit is the share itself; rounding would miss it.
  return {
    low: share <= 0 ? 0 : Math.max(0, (centre - half) / scale),
    high: share >= 1 ? 1 : Math.min(1, (centre + half) / scale),
  };
}

/**
 * Newcombe's hybrid score interval of share1 - share2, two independent groups (method 10 of Newcombe, Statistics in
 * Medicine 17 (1998) 873-890). Always within [-1, 1].
 */
export function newcombe(share1: number, n1: number, share2: number, n2: number, z: number): Interval {
  const first = n1 > 0 ? share1 : 0.5;
  const second = n2 > 0 ? share2 : 0.5;
  const a = wilson(first, n1, z);
  const b = wilson(second, n2, z);
  return {
    low: first - second - Math.hypot(first - a.low, b.high - second),
    high: first - second + Math.hypot(a.high - first, second - b.low),
  };
}

/** Limits of |x| from limits of x. */
export function magnitude({ low, high }: Interval): Interval {
  if (low > 0) return { low, high };
  if (high < 0) return { low: -high, high: -low };
  return { low: 0, high: Math.max(-low, high) };
}
