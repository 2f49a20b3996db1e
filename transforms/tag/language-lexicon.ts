/**
 * Lexicons of other languages: one file a language, `<language>.tsv`, with the columns term, gender, age, occupation, one term a line.
 *
 * Comment lines may hold rules by which more forms of each term are made when a scanner is compiled (word-forms.ts), so that it lists base forms only:
 *
 *     # forms: in = innen           a word that ends in "in" also has the form with "innen" there; the longest ending counts, "*" is any, "-" is none
 *     # vowels: a=aı e=ei           after a word whose last vowel is a, A and I in a form are a and ı
 *     # inflect: last               which words of a term take the form: last, or `before de du`: all before the first of these
 *     # articles: female la una; masculine le un     a term whose gender is `common` shows it by its article only
 *     # prefixes: ال+ال و           each form is also written with these before it; what follows a + comes before its further words
 *     # also: ä=ae ö=oe             each form is also written with all of these replaced, one after another; ^i is an i at a word's start
 *     # unspaced                    written without spaces: terms are looked for anywhere
 *
 * A listed term wins over a made form, and of made forms the first: by ending, then by prefix, then as `also`.
 */
import { InputError } from '../../schemas/errors.js';
import { type Lexicon, SILENT, splitTerm, termKey } from './lexicon.js';
import type { FormRules } from './word-forms.js';

export const LANGUAGE_KINDS = ['gender', 'age', 'occupations'] as const;
export type LanguageKind = (typeof LANGUAGE_KINDS)[number];

/** Of gender: the grammatical masculine, which may name anyone. */
const MASCULINE = 'masculine';
const HEADER = 'term\tgender\tage\toccupation';

type Rules = { -readonly [K in keyof FormRules]: FormRules[K] } & { unspaced: boolean };

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

const pairsOf = (text: string) => words(text).map((pair) => pair.split('=') as [string, string]);

/** Reads a comment line; other comments say nothing. */
function readRule(line: string, rules: Rules): void {
  const rule = /^# (forms|inflect|articles|vowels|prefixes|also|unspaced):?\s*(.*)$/.exec(line);
  if (rule === null) return;
  const text = rule[2]!.trim();
  if (rule[1] === 'unspaced' && text === '') rules.unspaced = true;
  if (rule[1] === 'forms') {
    const [ending = '', endings = ''] = text.split('=');
    rules.forms = [
      ...rules.forms,
      [ending.trim() === '*' ? '' : ending.trim(), words(endings).map((form) => (form === '-' ? '' : form))],
    ];
  }
  if (rule[1] === 'inflect' && text.startsWith('before ')) rules.before = words(text).slice(1);
  if (rule[1] === 'vowels') rules.vowels = Object.fromEntries(pairsOf(text));
  if (rule[1] === 'also') rules.also = [...rules.also, pairsOf(text)];
  for (const prefix of rule[1] === 'prefixes' ? words(text) : []) {
    const [first = '', further = ''] = prefix.split('+');
    rules.prefixes = [...rules.prefixes, [first, further]];
  }
  if (rule[1] === 'articles') {
    for (const part of text.split(';')) {
      const [gender = '', ...articles] = words(part);
      rules.articles = [...rules.articles, [gender, articles]];
    }
  }
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
  const rules: Rules = {
    forms: [],
    before: null,
    articles: [],
    vowels: {},
    prefixes: [],
    also: [],
    unspaced: false,
  };
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
  const { unspaced, ...forms } = rules;
  const said = (value: string) => (value !== MASCULINE ? value : masculine === 'male' ? 'male' : SILENT);
  const lexicon = (kind: LanguageKind): Lexicon => ({
    name: `${kind} (${name})`,
    plurals: false,
    ...(unspaced && { unspaced }),
    rules: { ...forms, articles: forms.articles.map(([gender, articles]) => [said(gender), articles] as const) },
    entries: rows[kind].map(([term, value, line]) => ({ term, value: said(value), line })),
  });
  return { gender: lexicon('gender'), age: lexicon('age'), occupations: lexicon('occupations') };
}
