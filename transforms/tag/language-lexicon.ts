/**
 * Lexicons of other languages: one file a language, `<language>.tsv`, with the columns term, gender, age, occupation, one term a line.
 *
 * Comment lines may hold rules by which more forms of each term are made when the file is read, so that it lists base forms only:
 *
 *     # forms: in = innen           a word that ends in "in" also has the form with "innen" there; the longest ending counts, "*" is any
 *     # inflect: last               which words of a term take the form: last, or `before de du`: all before the first of these
 *     # articles: female la una; masculine le un     a term whose gender is `common` shows it by its article only
 *     # also: ä=ae ö=oe             each form is also written with all of these replaced
 *     # unspaced                    written without spaces: terms are looked for anywhere
 *
 * A listed term wins over a made form, and of made forms the first.
 */
import { InputError } from '../../schemas/errors.js';
import { type Lexicon, type LexiconEntry, SILENT, splitTerm, termKey } from './lexicon.js';

export const LANGUAGE_KINDS = ['gender', 'age', 'occupations'] as const;
export type LanguageKind = (typeof LANGUAGE_KINDS)[number];

/** Of gender: the grammatical masculine, which may name anyone. */
const MASCULINE = 'masculine';
/** Of gender: a noun of both genders, told apart by its article. */
const COMMON = 'common';
const HEADER = 'term\tgender\tage\toccupation';

interface Rules {
  forms: (readonly [ending: string, endings: readonly string[]])[];
  /** Words before which inflection stops; undefined: only the last word takes it. */
  before: ReadonlySet<string> | undefined;
  articles: (readonly [gender: string, articles: readonly string[]])[];
  also: (readonly (readonly [from: string, to: string])[])[];
  unspaced: boolean;
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** Reads a comment line; other comments say nothing. */
function readRule(line: string, rules: Rules): void {
  const rule = /^# (forms|inflect|articles|also|unspaced):?\s*(.*)$/.exec(line);
  if (rule === null) return;
  const text = rule[2]!.trim();
  if (rule[1] === 'unspaced' && text === '') rules.unspaced = true;
  if (rule[1] === 'forms') {
    const [ending = '', endings = ''] = text.split('=');
    rules.forms.push([ending.trim() === '*' ? '' : ending.trim(), words(endings)]);
  }
  if (rule[1] === 'inflect' && text.startsWith('before ')) rules.before = new Set(words(text).slice(1));
  if (rule[1] === 'also') rules.also.push(words(text).map((pair) => pair.split('=') as [string, string]));
  if (rule[1] === 'articles') {
    for (const part of text.split(';')) {
      const [gender = '', ...articles] = words(part);
      rules.articles.push([gender, articles]);
    }
  }
}

/** The forms of a word by the longest ending that it has. */
function formsOf(word: string, { forms }: Rules): readonly string[] {
  let best: Rules['forms'][number] | undefined;
  for (const rule of forms) {
    if (word.endsWith(rule[0]) && (best === undefined || rule[0].length > best[0].length)) best = rule;
  }
  const ending = best?.[0].length ?? 0;
  return best === undefined ? [] : best[1].map((form) => word.slice(0, word.length - ending) + form);
}

/** Every inflected form of a term; words that inflect together take their forms of the same number. */
export function inflect(term: string, rules: Pick<Rules, 'forms' | 'before'>): string[] {
  const parts = term.split(' ');
  const stop = rules.before === undefined ? -1 : parts.findIndex((part, i) => i > 0 && rules.before!.has(part));
  const end = stop < 0 ? parts.length : stop;
  const start = rules.before === undefined ? parts.length - 1 : 0;
  const forms = parts.map((part, i) => (i >= start && i < end ? formsOf(part, rules as Rules) : []));
  const count = Math.max(0, ...forms.map((list) => list.length));
  return Array.from({ length: count }, (_, n) => parts.map((part, i) => forms[i]![n] ?? part).join(' '));
}

/** Terms and values of one kind, listed ones before made ones. */
function expand(rows: readonly (readonly [term: string, value: string, line: number])[], rules: Rules): LexiconEntry[] {
  const entries = new Map<string, LexiconEntry>();
  const add = (term: string, value: string, line: number): void => {
    const split = splitTerm(term);
    if (split === undefined) return;
    const key = termKey(split);
    if (!entries.has(key)) entries.set(key, { term, value, line });
  };
  const made: [string, string, number][] = [];
  const shown = (term: string, value: string, line: number, into: (t: string, v: string, l: number) => void) => {
    if (value !== COMMON) into(term, value, line);
    else
      for (const [gender, articles] of rules.articles)
        for (const article of articles) into(`${article} ${term}`, gender, line);
  };
  for (const [term, value, line] of rows) shown(term, value, line, add);
  for (const [term, value, line] of rows) {
    for (const form of inflect(term.toLowerCase(), rules)) shown(form, value, line, (...x) => void made.push(x));
  }
  for (const form of made) add(...form);
  for (const { term, value, line } of [...entries.values()]) {
    for (const pairs of rules.also) {
      add(
        pairs.reduce((text, [from, to]) => text.replaceAll(from, to), term.toLowerCase()),
        value,
        line,
      );
    }
  }
  return [...entries.values()];
}

/**
 * The lexicons of a language file, by kind.
 * @param masculine what the grammatical masculine says: nothing, or male.
 * @throws InputError naming file and line, for a wrong header, a line without four fields, or a term that is listed twice.
 */
export function parseLanguageLexicon(
  name: string,
  text: string,
  masculine: 'unknown' | 'male',
): Record<LanguageKind, Lexicon> {
  const rules: Rules = { forms: [], before: undefined, articles: [], also: [], unspaced: false };
  const rows: Record<LanguageKind, [string, string, number][]> = { gender: [], age: [], occupations: [] };
  const seen = new Set<string>();
  let header = false;
  text.split('\n').forEach((line, i) => {
    const refuse = (expected: string): never => {
      throw new InputError('bad lexicon', { file: name, place: `line ${i + 1}`, expected, got: JSON.stringify(line) });
    };
    if (line.startsWith('#')) readRule(line, rules);
    if (line.startsWith('#') || line.trim() === '') return;
    if (!header) {
      if (line !== HEADER) refuse(`the header ${JSON.stringify(HEADER)}`);
      header = true;
      return;
    }
    const [term = '', ...values] = line.split('\t');
    const split = splitTerm(term);
    if (values.length !== LANGUAGE_KINDS.length || split === undefined) {
      refuse('a term and three values');
      return;
    }
    if (seen.has(termKey(split))) refuse('a term that is not listed above');
    seen.add(termKey(split));
    LANGUAGE_KINDS.forEach((kind, k) => {
      if (values[k] !== '') rows[kind].push([term, values[k]!, i + 1]);
    });
  });
  const lexicon = (kind: LanguageKind): Lexicon => ({
    name: `${kind} (${name})`,
    plurals: false,
    ...(rules.unspaced && { unspaced: true }),
    entries: expand(rows[kind], rules).map((entry) =>
      entry.value === MASCULINE ? { ...entry, value: masculine === 'male' ? 'male' : SILENT } : entry,
    ),
  });
  return { gender: lexicon('gender'), age: lexicon('age'), occupations: lexicon('occupations') };
}
