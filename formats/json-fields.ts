/** The fields of a JSON object as Python writes it: integers of 64 bits are exact, NaN and infinities are null. */

/** Digits from which a JavaScript number may not be exact. */
const EXACT_DIGITS = 16;
const LONG_NUMBER = new RegExp(`\\d{${EXACT_DIGITS}}`);
/** How a long integer goes through JSON.parse: an object with this one key. */
const LONG = '\u0000integer';

const isDigit = (c: number) => c >= 0x30 && c <= 0x39;

/** One walk over the text: long integers become `{LONG: "digits"}`, NaN and Infinity null; strings stay. */
function rewritten(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  const replace = (start: number, end: number, by: string) => {
    parts.push(text.slice(copied, start), by);
    copied = end;
  };
  for (let at = 0; at < text.length; ) {
    const c = text.charCodeAt(at);
    if (c === 0x22) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
      at++;
    } else if (isDigit(c) || c === 0x2d) {
      const start = at++;
      while (isDigit(text.charCodeAt(at))) at++;
      const next = text[at];
      if (next === 'I' && text.startsWith('Infinity', at)) {
        at += 'Infinity'.length;
        replace(start, at, 'null');
      } else if (next === '.' || next === 'e' || next === 'E') {
        while (/[0-9.eE+-]/.test(text[at] ?? '')) at++;
      } else if (at - start >= EXACT_DIGITS) {
        replace(start, at, `{${JSON.stringify(LONG)}:"${text.slice(start, at)}"}`);
      }
    } else if (c === 0x4e && text.startsWith('NaN', at)) {
      replace(at, at + 3, 'null');
      at += 3;
    } else if (c === 0x49 && text.startsWith('Infinity', at)) {
      replace(at, at + 8, 'null');
      at += 8;
    } else at++;
  }
  return parts.join('') + text.slice(copied);
}

const MAXIMUM_INTEGER = 2n ** 63n;

function revive(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, LONG)) return value;
  const digits = String((value as Record<string, unknown>)[LONG]);
  if (!/^-?\d+$/.test(digits)) return value;
  const integer = BigInt(digits);
  return integer >= -MAXIMUM_INTEGER && integer < MAXIMUM_INTEGER ? integer : Number(digits);
}

/** Long integers inside of what becomes JSON text again. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? Number(v) : v)));

/**
 * The fields of a JSON object, in the order written. Integers are numbers where they are safe, and bigints up to 64 bits.
 * @throws Error (plain) with the reason where the text is no JSON, or no object.
 */
export function jsonFields(text: string): Map<string, unknown> {
  let value: unknown;
  if (LONG_NUMBER.test(text)) value = JSON.parse(rewritten(text), revive);
  else {
    try {
      value = JSON.parse(text);
    } catch {
      value = JSON.parse(rewritten(text), revive);
    }
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new Error(Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`);
  }
  const fields = new Map(Object.entries(value));
  for (const [name, field] of fields) {
    if (field !== null && typeof field === 'object' && !Array.isArray(field)) fields.set(name, plain(field));
  }
  return fields;
}
