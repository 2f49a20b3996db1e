/** Forms of a language's terms, made by the rules of its file (see language-lexicon.ts) when a scanner is compiled. */
import type { LexiconEntry } from './lexicon.js';

/** Of gender: a noun of both genders, told apart by its article. */
export const COMMON = 'common';

/** Plain JSON, as the lexicon that has it. */
export interface FormRules {
  readonly forms: readonly (readonly [ending: string, endings: readonly string[]])[];
  /** Words before which inflection stops; null: only the last word takes it. */
  readonly before: readonly string[] | null;
  /** The value that each article gives to a common noun. */
  readonly articles: readonly (readonly [value: string, articles: readonly string[]])[];
  /** By vowel: what A and I of a form are after it. */
  readonly vowels: Readonly<Record<string, string>>;
  readonly prefixes: readonly (readonly [first: string, further: string])[];
  readonly also: readonly (readonly (readonly [from: string, to: string])[])[];
}

/** The forms of a word by the longest ending that it has. */
function formsOf(word: string, { forms, vowels }: FormRules): readonly string[] {
  let best: FormRules['forms'][number] | undefined;
  for (const rule of forms) {
    if (word.endsWith(rule[0]) && (best === undefined || rule[0].length > best[0].length)) best = rule;
  }
  if (best === undefined) return [];
  const vowel = [...word].findLast((letter) => Object.hasOwn(vowels, letter));
  const [A = 'A', I = 'I'] = vowel === undefined ? [] : vowels[vowel]!;
  const stem = word.slice(0, word.length - best[0].length);
  return best[1].map((form) => stem + (vowel === undefined ? form : form.replaceAll('A', A).replaceAll('I', I)));
}

/** Every inflected form of a term; words that inflect together take their forms of the same number. */
export function inflect(term: string, rules: FormRules): string[] {
  const parts = term.split(' ');
  const { before } = rules;
  const stop = before === null ? -1 : parts.findIndex((part, i) => i > 0 && before.includes(part));
  const end = stop < 0 ? parts.length : stop;
  const start = before === null ? parts.length - 1 : 0;
  const forms = parts.map((part, i) => (i >= start && i < end ? formsOf(part, rules) : []));
  const count = Math.max(0, ...forms.map((list) => list.length));
  return Array.from({ length: count }, (_, n) => parts.map((part, i) => forms[i]![n] ?? part).join(' '));
}

/** The text with a pair of `also` applied. */
function replaced(text: string, [from, to]: readonly [from: string, to: string]): string {
  if (!from.startsWith('^')) return text.replaceAll(from, to);
  const start = from.slice(1);
  return text
    .split(' ')
    .map((word) => (word.startsWith(start) ? to + word.slice(start.length) : word))
    .join(' ');
}

/** Terms in lower case, each once, and their values: listed ones, those made by ending, by prefix, by `also`, of which the first wins. */
export function makeForms(
  entries: readonly LexiconEntry[],
  rules: FormRules,
): { readonly term: string; readonly value: string }[] {
  const values = new Map<string, string>();
  const add = (term: string, value: string): void => {
    if (!values.has(term)) values.set(term, value);
  };
  const addShown = (term: string, value: string): void => {
    if (value !== COMMON) add(term, value);
    else
      for (const [shown, articles] of rules.articles)
        for (const article of articles) add(article + (article.endsWith("'") ? '' : ' ') + term, shown);
  };
  const listed = entries.map(({ term, value }) => ({ term: term.toLowerCase(), value }));
  for (const { term, value } of listed) addShown(term, value);
  for (const { term, value } of listed) for (const form of inflect(term, rules)) addShown(form, value);
  for (const [term, value] of [...values]) {
    const parts = term.split(' ');
    for (const [first, further] of rules.prefixes)
      add(parts.map((part, i) => (i === 0 ? first : further) + part).join(' '), value);
  }
  for (const [term, value] of [...values]) for (const pairs of rules.also) add(pairs.reduce(replaced, term), value);
  return [...values].map(([term, value]) => ({ term, value }));
}
