/** Half-precision floats (IEEE 754 binary16), by a table of all of them. */

let table: Float32Array | undefined;

function makeTable(): Float32Array {
  const values = new Float32Array(65_536);
  for (let bits = 0; bits < values.length; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let size = (exponent === 0 ? fraction : fraction + 1024) * 2 ** (Math.max(exponent, 1) - 25);
    if (exponent === 31) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    values[bits] = bits >> 15 === 0 ? size : -size;
  }
  return values;
}

/** The numbers of float16 bits. */
export function halfOf(bits: Uint16Array): Float32Array {
  table ??= makeTable();
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]!]!;
  return out;
}
