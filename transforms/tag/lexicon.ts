/** Lexicons: lists of terms with a value each, as TSV text, and the word sequences that a scanner looks for. */
import { InputError } from '../../schemas/errors.js';
import { foldCodePoint, NOT_WORD } from './fold.js';
import { pluralOf } from './plural.js';
import { COMMON, type FormRules, makeForms } from './word-forms.js';

export interface LexiconEntry {
  readonly term: string;
  readonly value: string;
  /** Line of the file, from 1. */
  readonly line: number;
}

/** A parsed lexicon: plain JSON, so that it can travel to workers that have no such file. */
export interface Lexicon {
  readonly name: string;
  /** Whether English plurals are added; a line `# plurals: none` turns them off. */
  readonly plurals: boolean;
  /** Whether the language is written without spaces, so that terms are looked for anywhere. */
  readonly unspaced?: boolean;
  /** By which more forms of each term are made. */
  readonly rules?: FormRules;
  readonly entries: readonly LexiconEntry[];
}

/** The value of a term that says nothing and hides the shorter terms within it: `king size` is no man. */
export const SILENT = '-';

/** Bounds of a lexicon file, ours: 100,000 terms of ordinary length stay far below each. */
export const MAXIMUM_LEXICON_BYTES = 16 * 1024 * 1024;
const MAXIMUM_TERMS = 100_000;
const MAXIMUM_TERM_LENGTH = 200;
const MAXIMUM_VALUE_LENGTH = 100;
const MAXIMUM_TERM_WORDS = 16;

/** What may stand between two words of a term: a run of spaces and hyphens, or one apostrophe. */
export const SPACE_GAP = 1;
export const APOSTROPHE_GAP = 2;
export type Gap = typeof SPACE_GAP | typeof APOSTROPHE_GAP;

/** Whether a code point is one of JavaScript's \s or a hyphen (U+002D, U+2010, U+2011). */
export function isSpaceOrHyphen(point: number): boolean {
  if (point < 0x80) return point === 0x20 || point === 0x2d || (point >= 0x09 && point <= 0x0d);
  return (
    (point >= 0x2000 && point <= 0x200a) ||
    point === 0xa0 ||
    point === 0x2010 ||
    point === 0x2011 ||
    point === 0x2028 ||
    point === 0x2029 ||
    point === 0x202f ||
    point === 0x205f ||
    point === 0x3000 ||
    point === 0x1680 ||
    point === 0xfeff
  );
}

/** Whether a code point is ' or the typographic apostrophe. */
export function isApostrophe(point: number): boolean {
  return point === 0x27 || point === 0x2019;
}

/** A term as folded words and what stands between them (`gaps[i]` before `words[i + 1]`). */
export interface TermWords {
  readonly words: readonly string[];
  readonly gaps: readonly Gap[];
}

/** Most terms: nothing to fold, and one space for each gap. */
const PLAIN_TERM = /^[a-z0-9_]+(?: [a-z0-9_]+)*$/;

/** Splits and folds a term; undefined where it has no word, or other characters than words, spaces, hyphens, apostrophes. */
export function splitTerm(term: string): TermWords | undefined {
  if (PLAIN_TERM.test(term)) {
    const words = term.split(' ');
    return { words, gaps: words.slice(1).map(() => SPACE_GAP) };
  }
  const words: string[] = [];
  const gaps: Gap[] = [];
  let word = '';
  let between = '';
  for (const character of `${term.trim()} `) {
    const folded = foldCodePoint(character.codePointAt(0)!);
    if (folded === NOT_WORD) {
      if (word !== '') words.push(word);
      word = '';
      between += character;
      continue;
    }
    if (word === '' && words.length > 0) {
      const points = [...between].map((c) => c.codePointAt(0)!);
      if (points.every(isSpaceOrHyphen)) gaps.push(SPACE_GAP);
      else if (points.length === 1 && isApostrophe(points[0]!)) gaps.push(APOSTROPHE_GAP);
      else return undefined;
    } else if (words.length === 0 && between !== '') return undefined;
    between = '';
    word += String.fromCodePoint(folded);
  }
  return words.length === 0 || between !== ' ' ? undefined : { words, gaps };
}

/** The words and gaps as one string, equal for equal terms. */
export function termKey(term: TermWords): string {
  let key = term.words[0] ?? '';
  for (let i = 1; i < term.words.length; i++) key += (term.gaps[i - 1] === SPACE_GAP ? ' ' : "'") + term.words[i]!;
  return key;
}

function refuse(file: string, line: number, expected: string, got: string): never {
  throw new InputError('bad lexicon', { file, place: `line ${line}`, expected, got });
}

/** A part of hostile text, safe to put into a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/**
 * Parses a lexicon: comment lines start with #, the first other line is `term<TAB>value`, then a term and its value a line.
 * @param name how messages call it: the built-in name or the path.
 * @throws InputError naming file and line, for a wrong header, a line without exactly two fields, a term of other characters
 *   than words, spaces, hyphens and apostrophes, or one term with two values; or where a bound is exceeded.
 */
export function parseLexicon(name: string, text: string): Lexicon {
  if (text.length > MAXIMUM_LEXICON_BYTES) {
    refuse(name, 1, `at most ${MAXIMUM_LEXICON_BYTES} bytes`, `${text.length}`);
  }
  const entries: LexiconEntry[] = [];
  const seen = new Map<string, LexiconEntry>();
  let plurals = true;
  let header = false;
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.replace(/\r$/, '');
    if (line.startsWith('#')) {
      if (/^#\s*plurals:\s*none\s*$/.test(line)) plurals = false;
      continue;
    }
    if (line.trim() === '') continue;
    if (!header) {
      if (line !== 'term\tvalue') refuse(name, i + 1, 'the header term<TAB>value', quote(line));
      header = true;
      continue;
    }
    const fields = line.split('\t');
    if (fields.length !== 2) refuse(name, i + 1, 'term<TAB>value', quote(line));
    const term = fields[0]!.trim();
    const value = fields[1]!.trim();
    if (value === '' || value.length > MAXIMUM_VALUE_LENGTH || /\p{Cc}/u.test(value)) {
      refuse(name, i + 1, `a value of 1 to ${MAXIMUM_VALUE_LENGTH} printable characters`, quote(value));
    }
    const words = term.length > MAXIMUM_TERM_LENGTH ? undefined : splitTerm(term);
    if (words === undefined || words.words.length > MAXIMUM_TERM_WORDS) {
      refuse(
        name,
        i + 1,
        'a term of words, spaces, hyphens and apostrophes, at most 16 words and 200 characters',
        quote(term),
      );
    }
    const key = termKey(words);
    const before = seen.get(key);
    if (before !== undefined) {
      if (before.value === value) continue;
      refuse(name, i + 1, `one value a term (line ${before.line} says ${quote(before.value)})`, quote(value));
    }
    if (entries.length === MAXIMUM_TERMS) refuse(name, i + 1, `at most ${MAXIMUM_TERMS} terms`, 'more');
    const entry = { term, value, line: i + 1 };
    seen.set(key, entry);
    entries.push(entry);
  }
  if (entries.length === 0) refuse(name, lines.length, 'the header term<TAB>value and at least one term', 'none');
  return { name, plurals, entries };
}

/** The values of a lexicon that terms stand for, sorted by code unit. */
export function valuesOf({ entries, rules }: Lexicon): string[] {
  const shown = rules?.articles.map(([value]) => value) ?? [];
  const values = entries.flatMap(({ value }) => (rules !== undefined && value === COMMON ? shown : [value]));
  return [...new Set(values)].filter((value) => value !== SILENT).sort();
}

/** The values of many lexicons, those of one after those of the other, and the number of each in that list; -1 of the silent one. */
export function numberValues(lexicons: readonly Lexicon[]) {
  const values = lexicons.flatMap((of, lexicon) => valuesOf(of).map((value) => ({ lexicon, value })));
  const numbers = new Map(values.map(({ lexicon, value }, i) => [`${lexicon}\t${value}`, i]));
  return { values, numberOf: (lexicon: number, value: string) => numbers.get(`${lexicon}\t${value}`) ?? -1 };
}

export interface ExpandedTerm extends TermWords {
  readonly value: string;
}

/**
 * Every word sequence that a lexicon looks for: its terms, the forms that its rules make, their plurals, and each as it is and in
 * both Unicode forms (NFC, NFD). A listed term wins over a form or plural that falls together with it (`mrs` is not the plural of
 * `mr`); of two plurals, the first in the file.
 */
export function expandLexicon(lexicon: Lexicon): ExpandedTerm[] {
  const expanded = new Map<string, ExpandedTerm>();
  const add = (term: TermWords | undefined, value: string): void => {
    if (term === undefined) return;
    const key = termKey(term);
    if (!expanded.has(key)) expanded.set(key, { ...term, value });
  };
  // A form that is the term in its other form adds nothing, as with every term in ASCII.
  const made = lexicon.rules === undefined ? lexicon.entries : makeForms(lexicon.entries, lexicon.rules);
  const forms = (['NFC', 'NFD', 'as it is'] as const).flatMap((form) =>
    made.flatMap(({ term, value }) => {
      const composed = term.normalize('NFC');
      if (form === 'NFC') return [{ term: splitTerm(composed), value }];
      const other = form === 'NFD' ? term.normalize(form) : term;
      return other === composed ? [] : [{ term: splitTerm(other), value }];
    }),
  );
  for (const { term, value } of forms) add(term, value);
  if (lexicon.plurals) {
    for (const { term, value } of forms) if (term) add({ words: pluralOf(term.words), gaps: term.gaps }, value);
  }
  return [...expanded.values()];
}
