/** HTML whose every inserted value is escaped, unless it is HTML of ours already. */

export class Html {
  constructor(readonly text: string) {}
}

export type Insert = string | number | Html | readonly Insert[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ESCAPES[c]);
}

function inserted(value: Insert): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(inserted).join('');
  return escapeHtml(String(value));
}

/** A template: what is written in it is HTML, what is inserted is text. */
export function html(strings: TemplateStringsArray, ...values: readonly Insert[]): Html {
  return new Html(strings.map((part, i) => part + (i < values.length ? inserted(values[i]) : '')).join(''));
}

/** JSON that may stand in a script element: no `<`, so that nothing in it can end the element or open a comment. */
export function scriptJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}
