/** Packed bits as Arrow keeps them: least significant bit first. */

/** Bytes that hold `bits` bits. */
export function bitmapBytes(bits: number): number {
  return (bits + 7) >>> 3;
}

/** Copies bits `[from, from + bits)` of `source` to `[to, to + bits)` of `target`, whose bits there must be 0. */
export function copyBits(source: Uint8Array, from: number, target: Uint8Array, to: number, bits: number): void {
  if (bits === 0) return;
  if (((from | to) & 7) === 0) {
    const whole = bits >>> 3;
    target.set(source.subarray(from >>> 3, (from >>> 3) + whole), to >>> 3);
    const rest = bits & 7;
    if (rest !== 0) target[(to >>> 3) + whole]! |= source[(from >>> 3) + whole]! & ((1 << rest) - 1);
    return;
  }
  let done = 0;
  // One byte of the target at a time, put together from at most two of the source.
  while (done < bits) {
    const t = to + done;
    const s = from + done;
    const count = Math.min(8 - (t & 7), bits - done);
    const shift = s & 7;
    let byte = source[s >>> 3]! >>> shift;
    if (shift + count > 8) byte |= source[(s >>> 3) + 1]! << (8 - shift);
    target[t >>> 3]! |= (byte & ((1 << count) - 1)) << (t & 7);
    done += count;
  }
}

/** Sets bits `[from, from + bits)` to 1. */
export function setBits(target: Uint8Array, from: number, bits: number): void {
  let at = from;
  const end = from + bits;
  for (; at < end && (at & 7) !== 0; at++) target[at >>> 3]! |= 1 << (at & 7);
  const whole = (end - at) >>> 3;
  target.fill(0xff, at >>> 3, (at >>> 3) + whole);
  for (at += whole * 8; at < end; at++) target[at >>> 3]! |= 1 << (at & 7);
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

/** How many of the first `bits` bits are 1. */
export function countBits(source: Uint8Array, bits: number): number {
  const whole = bits >>> 3;
  let count = 0;
  for (let i = 0; i < whole; i++) count += POPULATION[source[i]!]!;
  const rest = bits & 7;
  return rest === 0 ? count : count + POPULATION[source[whole]! & ((1 << rest) - 1)]!;
}

/** Bits of flags that are 0 or 1, the lowest first, padded as Arrow asks. */
export function packBits(flags: Uint8Array, count: number): Uint8Array {
  const bits = new Uint8Array(((count + 63) >> 6) << 3);
  for (let i = 0; i < count; i++) if (flags[i] === 1) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}
