/**
 * Sums that do not depend on the order of their addends. Every addend is a whole number of units of 2^-30 and is added as an
 * integer, so two runs that split the same rows differently end with the same bits.
 */

/** One unit of an exact sum: weights, losses and margins are rounded to a multiple of it. */
export const UNIT = 2 ** -30;
export const UNITS_PER_ONE = 2 ** 30;

/** lo is carried into hi in steps of this, which leaves lo room for as much again below 2^53, where integers end. */
const RADIX = 2 ** 52;
const LARGE_ADDEND = 2 ** 51;

/** [length] sums: sum i is `hi[i] * 2^52 + lo[i]` units. Canonical, with 0 <= lo < 2^52, after `carry`. */
export interface ExactSums {
  readonly hi: Float64Array;
  readonly lo: Float64Array;
}

export function createSums(length: number): ExactSums {
  return { hi: new Float64Array(length), lo: new Float64Array(length) };
}

/** The nearest whole number of units of a value. */
export function toUnits(value: number): number {
  return Math.round(value * UNITS_PER_ONE);
}

/** Adds a whole number of units, of any size, to one sum. */
export function addUnits(sums: ExactSums, index: number, units: number): void {
  let rest = units;
  if (rest >= LARGE_ADDEND || rest <= -LARGE_ADDEND) {
    const high = Math.floor(rest / RADIX);
    sums.hi[index] += high;
    rest -= high * RADIX;
  }
  const lo = sums.lo[index] + rest;
  if (lo >= RADIX || lo <= -RADIX) {
    const high = Math.floor(lo / RADIX);
    sums.hi[index] += high;
    sums.lo[index] = lo - high * RADIX;
  } else sums.lo[index] = lo;
}

/** Adds [length] whole numbers of units, each below 2^52 in size, sum by sum. */
export function addAll(sums: ExactSums, units: Float64Array): void {
  for (let i = 0; i < units.length; i++) addUnits(sums, i, units[i]);
}

/** Makes the sums canonical: equal totals then have equal bits, whatever the order in which they were added. */
export function carry(sums: ExactSums): void {
  const { hi, lo } = sums;
  for (let i = 0; i < lo.length; i++) {
    const high = Math.floor(lo[i] / RADIX);
    hi[i] += high;
    lo[i] -= high * RADIX;
  }
}

/** Adds `from` to `into` and leaves `into` canonical. Throws a RangeError where the lengths differ. */
export function mergeSums(into: ExactSums, from: ExactSums): void {
  if (into.lo.length !== from.lo.length) throw new RangeError(`${from.lo.length} sums into ${into.lo.length}`);
  for (let i = 0; i < into.lo.length; i++) {
    into.hi[i] += from.hi[i];
    addUnits(into, i, from.lo[i]);
  }
  carry(into);
}

/** Sum i as a number (units times 2^-30), rounded once. Call `carry` first where equal sums must give equal numbers. */
export function sumValue(sums: ExactSums, index: number): number {
  return (sums.hi[index] * RADIX + sums.lo[index]) * UNIT;
}
