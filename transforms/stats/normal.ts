/** Wichura, Algorithm AS 241: the percentage points of the normal distribution (PPND16), Applied Statistics 37
 * (1988) 477-484; its coefficients, rounded to doubles. */
const CENTRE_P = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
] as const;
const CENTRE_Q = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
] as const;
const MIDDLE_P = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
] as const;
const MIDDLE_Q = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
] as const;
const TAIL_P = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
] as const;
const TAIL_Q = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
  1.421511758316446e-7, 2.0442631033899397e-15,
] as const;
const CENTRE = 0.425;
const MIDDLE = 5;
const MIDDLE_ORIGIN = 1.6;

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

/**
 * Standard normal quantile: the z with P(Z <= z) = probability, to about 1e-15 relative. -Infinity at 0, Infinity at 1.
 * Throws a RangeError outside [0, 1].
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`normal quantile: expected a probability in [0, 1], got ${probability}`);
  }
  if (probability === 0) return Number.NEGATIVE_INFINITY;
  if (probability === 1) return Number.POSITIVE_INFINITY;
  const q = probability - 0.5;
  if (Math.abs(q) <= CENTRE) {
    const x = CENTRE * CENTRE - q * q;
    return (q * polynomial(CENTRE_P, x)) / polynomial(CENTRE_Q, x);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? probability : 1 - probability));
  const z =
    r <= MIDDLE
      ? polynomial(MIDDLE_P, r - MIDDLE_ORIGIN) / polynomial(MIDDLE_Q, r - MIDDLE_ORIGIN)
      : polynomial(TAIL_P, r - MIDDLE) / polynomial(TAIL_Q, r - MIDDLE);
  return q < 0 ? -z : z;
}

/**
 * The z of a two-sided interval at `confidence` that holds for `comparisons` intervals at once (Bonferroni): taken from
 * the lower tail, where it stays exact however many comparisons there are.
 */
export function twoSidedZ(confidence: number, comparisons = 1): number {
  return -normalQuantile((1 - confidence) / (2 * Math.max(1, comparisons)));
}

/** Terms of the continued fraction, which from here on agree with the series to 1e-15. */
const TAIL_FROM = 3;
const FRACTION_TERMS = 120;

/**
 * P(Z >= z) of a standard normal Z, for z >= 0: the series of the error function below 3 and, above, the continued fraction of the tail
 * (Abramowitz and Stegun 26.2.11, 26.2.14), to about 1e-13 relative.
 */
export function normalTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < TAIL_FROM) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let n = FRACTION_TERMS; n >= 1; n--) fraction = z + n / fraction;
  return density / fraction;
}
