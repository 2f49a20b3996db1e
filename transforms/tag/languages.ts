/** Captions of several languages: each row goes to the lexicons of its own. */
import type { RecordBatch } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { type LanguagesConfig, type LexiconLanguage, languagesInUse } from '../../schemas/languages.js';
import { type CaptionUse, captionSource } from './captions.js';
import { hasColumn, type Utf8Column, utf8Column } from './column.js';
import { expandLexicon, type Lexicon } from './lexicon.js';
import { BUILT_IN_LEXICONS, languageKey } from './read-lexicon.js';
import { compileScanner, type Scanner } from './scanner.js';
import type { RowSink, TagSource } from './source.js';
import { compileSubstringScanner } from './substring-scanner.js';

/** Bytes of a caption that are looked at, ours: the identifier reads no more than 1,000 UTF-16 units. */
const MAXIMUM_BYTES = 4000;

/** Names of languages that are kept with their sources; a hostile column has a new one in each row. */
const MAXIMUM_NAMES = 1000;

/** Codes of two or three letters: so many bytes after a 1 are an integer that a Map finds without making an object of it. */
const MAXIMUM_KEY_BYTES = 3;

let identifier: ((text: string) => string) | undefined;

/** Loads the identifier (eld, n-grams); once in a process. */
export async function loadIdentifier(): Promise<void> {
  if (identifier !== undefined) return;
  const { eld } = await import('eld/small');
  const detector = eld.newInstance();
  identifier = (text) => detector.detect(text).language;
}

/** Whether a caption's language must be known, and may have to be identified. */
export function identifies(config: LanguagesConfig): boolean {
  return languagesInUse(config).length > 1 && config.detect !== 'never';
}

/**
 * A source that hands each row to the source of its language; a row of another language, or of none that is known, to that of
 * `otherwise`, or to `rest`.
 * @param rest what reads captions of other languages: lexicons that are no built-in ones.
 * @param mentions where no source finds a term, the language is not identified, which takes far longer than looking for terms.
 */
export function languageSource(
  text: string,
  config: LanguagesConfig,
  sources: ReadonlyMap<LexiconLanguage, TagSource>,
  rest: TagSource | undefined,
  mentions: Mentions,
  columns: ReadonlySet<string>,
): TagSource {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const byColumn = config.detect !== 'always' && columns.has(config.column);
  const otherwise = config.otherwise === undefined ? rest : sources.get(config.otherwise);
  const byName = new Map<string, TagSource | undefined>(sources);
  const byBytes = new Map<number, TagSource | undefined>();
  const all = [...sources.values(), ...(rest === undefined ? [] : [rest])];
  let captions: Utf8Column;
  let given: Utf8Column | undefined;

  function sourceOf(language: string): TagSource | undefined {
    let source = byName.get(language);
    if (source === undefined) {
      // As de-AT, zh_Hans or DE: whatever came once is known from then on, as far as a column of languages has few.
      const base = language.split(/[-_]/)[0]!.toLowerCase() as LexiconLanguage;
      source = sources.get(base) ?? otherwise;
      if (source !== undefined && byName.size < MAXIMUM_NAMES) byName.set(language, source);
    }
    return source;
  }

  /** By the bytes of its name, which are one number where they are few: making a string takes longer than tagging. */
  function sourceGiven(values: Uint8Array, start: number, end: number): TagSource | undefined {
    if (end - start > MAXIMUM_KEY_BYTES) return sourceOf(decoder.decode(values.subarray(start, end)));
    let key = 1;
    for (let at = start; at < end; at++) key = (key << 8) | values[at]!;
    let source = byBytes.get(key);
    if (source === undefined) {
      source = sourceOf(decoder.decode(values.subarray(start, end)));
      if (source !== undefined && byBytes.size < MAXIMUM_NAMES) byBytes.set(key, source);
    }
    return source;
  }

  /** undefined: none reads the caption, or whichever does, there is nothing to find. */
  function sourceAt(row: number): TagSource | undefined {
    if (given !== undefined && (given.valid === undefined || given.valid[row] === 1)) {
      return sourceGiven(given.values, given.offsets[row]!, given.offsets[row + 1]!);
    }
    if (config.detect === 'never' || (captions.valid !== undefined && captions.valid[row] === 0)) return otherwise;
    if (identifier === undefined) throw new InvariantError('languages: tag before prepare');
    const start = captions.offsets[row]!;
    if (!mentions(captions.values, start, captions.offsets[row + 1]!)) return undefined;
    const end = Math.min(captions.offsets[row + 1]!, start + MAXIMUM_BYTES);
    return sourceOf(identifier(decoder.decode(captions.values.subarray(start, end))));
  }

  return {
    columns: byColumn ? [text, config.column] : [text],
    begin(batch: RecordBatch) {
      captions = utf8Column(batch, text);
      given = byColumn && hasColumn(batch, config.column) ? utf8Column(batch, config.column) : undefined;
      for (const source of all) source.begin(batch);
    },
    tag(row, sink) {
      sourceAt(row)?.tag(row, sink);
    },
    // The rows of one source after each other: the tables of many do not fit into a processor's cache together.
    tagAll(rows, sink) {
      const { attributes, attributeCount, add } = sink;
      let current = 0;
      const rowSink: RowSink = { attributes, attributeCount, push: (label) => add(current, label) };
      for (const [source, its] of rowsBySource(rows, sourceAt)) {
        for (current of its) source.tag(current, rowSink);
      }
      return true;
    },
  };
}

/** The rows of each source, in order. */
function rowsBySource(rows: number, sourceAt: (row: number) => TagSource | undefined): Map<TagSource, Uint32Array> {
  const sources: TagSource[] = [];
  const counts: number[] = [];
  const numbers = new Map<TagSource, number>();
  /** [rows]: 1 more than the number of the row's source. */
  const of = new Uint16Array(rows);
  for (let row = 0; row < rows; row++) {
    const source = sourceAt(row);
    if (source === undefined) continue;
    let n = numbers.get(source);
    if (n === undefined) {
      n = sources.push(source) - 1;
      numbers.set(source, n);
      counts.push(0);
    }
    counts[n]!++;
    of[row] = n + 1;
  }
  const found = counts.map((count) => new Uint32Array(count));
  counts.fill(0);
  for (let row = 0; row < rows; row++) {
    const n = of[row]! - 1;
    if (n >= 0) found[n]![counts[n]!++] = row;
  }
  return new Map(sources.map((source, n) => [source, found[n]!]));
}

/** Whether some source may find a term in `bytes[start .. end)`: false is sure. */
export type Mentions = (bytes: Uint8Array, start: number, end: number) => boolean;

/** A first byte from which on Chinese, Japanese and Korean letters are written in UTF-8, and some symbols: U+2000. */
const FIRST_EASTERN_BYTE = 0xe2;

/** Looks for the terms of each set of lexicons, by the scanner that `captionSource` has for that set. Compiled when first called. */
export function mentionsOf(sets: readonly (readonly Lexicon[])[]): Mentions {
  const isUnspaced = (set: readonly Lexicon[]) => set.some(({ unspaced }) => unspaced);
  const union = (of: (readonly Lexicon[])[]) => [...new Set(of.flat())];
  const whole = union(sets.filter((set) => !isUnspaced(set)));
  const parts = union(sets.filter(isUnspaced));
  let words: Scanner | undefined;
  let substrings: Scanner | undefined;
  // Of a term in other letters, or in ones that may fold to or from others, the first byte says nothing.
  let always = false;
  return (bytes, start, end) => {
    if (words === undefined || substrings === undefined) {
      words = compileScanner(whole);
      substrings = compileSubstringScanner(parts);
      always = parts.flatMap(expandLexicon).some(({ words: [first] }) => {
        const letter = String.fromCodePoint(first!.codePointAt(0)!);
        return letter < '\u2000' || letter.toLowerCase() !== letter.toUpperCase();
      });
    }
    if (words.scan(bytes, start, end) > 0) return true;
    if (parts.length === 0) return false;
    let at = start;
    if (!always) while (at < end && bytes[at]! < FIRST_EASTERN_BYTE) at++;
    return at < end && substrings.scan(bytes, start, end) > 0;
  };
}

/** The source of one text column: its uses of lexicons by name, the built-in ones in each language in use. */
export function captionSourceOf(
  text: string,
  uses: ReadonlyMap<string, CaptionUse>,
  lexicons: Readonly<Record<string, Lexicon>>,
  config: LanguagesConfig,
  columns: ReadonlySet<string>,
): TagSource {
  const inUse = languagesInUse(config);
  const inLanguage = (language: LexiconLanguage) =>
    [...uses].flatMap(([name, use]) => {
      const lexicon = BUILT_IN_LEXICONS.includes(name) ? lexicons[languageKey(name, language)] : use.lexicon;
      // Proxies are in English only.
      return lexicon === undefined || (name === 'proxies' && language !== 'en') ? [] : [{ ...use, lexicon }];
    });
  if (inUse.length === 1) return captionSource(text, inLanguage(inUse[0]!));
  const own = [...uses].flatMap(([name, use]) => (BUILT_IN_LEXICONS.includes(name) ? [] : [use]));
  const rest = own.length === 0 ? undefined : captionSource(text, own);
  const usesOf = new Map(inUse.map((language) => [language, inLanguage(language)]));
  const sources = new Map([...usesOf].map(([language, of]) => [language, captionSource(text, of)]));
  const mentions = mentionsOf([own, ...usesOf.values()].map((of) => of.map(({ lexicon }) => lexicon)));
  return languageSource(text, config, sources, rest, mentions, columns);
}
