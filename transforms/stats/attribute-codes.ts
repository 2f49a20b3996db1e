/** The values of all attributes of a row as one number, so that rows are counted by it at first, and its attributes looked at once a number. */
import { type Tags, UNKNOWN } from '../../schemas/tags.js';

const VALUES = UNKNOWN + 1;

/** How many codes m attributes have: 3^m. */
export function codesOf(m: number): number {
  return VALUES ** m;
}

/** Of attributes that were coded, which several counts of a batch want. */
const coded = new WeakMap<Uint8Array, Uint16Array>();

/** [rows] codes, in base 3 with the last attribute as the lowest digit; m must be at most 10. */
export function attributeCodes(tags: Tags, m: number): Uint16Array {
  if (tags.codes !== undefined) return tags.codes;
  const { rows, attributes } = tags;
  const known = coded.get(attributes);
  if (known !== undefined) return known;
  const codes = new Uint16Array(rows);
  for (let i = 0, at = 0; i < rows; i++) {
    let code = 0;
    for (let k = 0; k < m; k++) code = code * VALUES + Math.min(attributes[at++], UNKNOWN);
    codes[i] = code;
  }
  coded.set(attributes, codes);
  return codes;
}

/** Rows that are counted at once: a count that was just written is not read at once again. */
const LANES = 4;

/** [codes] how many rows have each code. */
export function rowsByCode(code: Uint16Array, codes: number): Uint32Array {
  const lanes = new Uint32Array(codes * LANES);
  let i = 0;
  for (; i + LANES <= code.length; i += LANES) {
    lanes[code[i] * LANES]++;
    lanes[code[i + 1] * LANES + 1]++;
    lanes[code[i + 2] * LANES + 2]++;
    lanes[code[i + 3] * LANES + 3]++;
  }
  for (; i < code.length; i++) lanes[code[i] * LANES]++;
  return Uint32Array.from(
    { length: codes },
    (_, each) => lanes[each * LANES] + lanes[each * LANES + 1] + lanes[each * LANES + 2] + lanes[each * LANES + 3],
  );
}

/** [m] values of the attributes of a code. */
export function valuesOf(code: number, m: number): Uint8Array {
  const values = new Uint8Array(m);
  for (let k = m - 1, left = code; k >= 0; k--, left = Math.floor(left / VALUES)) values[k] = left % VALUES;
  return values;
}
