/** Printing. Captions, names and paths come from the open web: nothing that they hold may steer a terminal. */
import type { Writable } from 'node:stream';

export interface Terminal {
  /** Results. */
  readonly stdout: Writable & { readonly columns?: number };
  /** Progress, warnings and errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
}

/** Characters that a terminal acts on rather than shows: C0, DEL, C1, marks of direction, line separators. */
const ACTING = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The text with every character that a terminal would act on written out: `\x1b`, `\u202e`. */
export function escapeControls(text: string): string {
  return text.replace(ACTING, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** One line; a line break inside the text is shown, not obeyed. */
export function printLine(stream: Writable, text: string): void {
  stream.write(`${escapeControls(text)}\n`);
}

/** Maps as objects and int64 as numbers, or as text beyond 2^53. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value;
}

/** One line of JSON. JSON escapes only C0 by itself; the rest is escaped too, and reads back the same. */
export function printJson(stream: Writable, value: unknown): void {
  const text = JSON.stringify(value, plain).replace(
    ACTING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  stream.write(`${text}\n`);
}
