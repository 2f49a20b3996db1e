/** Lexicons by name: the built-in ones of this package, or a TSV file of the user's. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AttributeConfig, keyedSources } from '../../schemas/attribute-config.js';
import { BUILT_IN_ATTRIBUTE_LEXICONS, BUILT_IN_LABEL_LEXICONS, type LabelConfig } from '../../schemas/config.js';
import { ConfigError, InputError, InvariantError } from '../../schemas/errors.js';
import { type LanguagesConfig, type LexiconLanguage, languagesInUse } from '../../schemas/languages.js';
import { LANGUAGE_KINDS, parseLanguageLexicon } from './language-lexicon.js';
import { type Lexicon, MAXIMUM_LEXICON_BYTES, parseLexicon, valuesOf } from './lexicon.js';

export const BUILT_IN_LEXICONS: readonly string[] = [...BUILT_IN_ATTRIBUTE_LEXICONS, ...BUILT_IN_LABEL_LEXICONS];

const LEXICON_FOLDER = join('transforms', 'tag', 'lexicons');

/** The package's folder of lexicons, found upwards: the compiler leaves data files where the sources are. */
function lexiconFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, LEXICON_FOLDER)))
      return join(folder, LEXICON_FOLDER);
    if (dirname(folder) === folder) throw new InvariantError(`no ${LEXICON_FOLDER} above ${import.meta.url}`);
  }
}

/**
 * Text of a local file, bounded.
 * @throws InputError where it cannot be read, is larger than a lexicon may be, or is not UTF-8.
 */
export function readListFile(path: string): string {
  const refuse = (expected: string, got: string, cause?: unknown): InputError =>
    new InputError('cannot read', { file: path, expected, got }, { cause });
  try {
    const { size } = statSync(path);
    if (size > MAXIMUM_LEXICON_BYTES) throw refuse(`at most ${MAXIMUM_LEXICON_BYTES} bytes`, `${size}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof TypeError) throw refuse('UTF-8 text', 'other bytes', error);
    throw refuse('a readable file', (error as NodeJS.ErrnoException).code ?? `${error}`, error);
  }
}

/**
 * A lexicon by built-in name or path of a TSV file.
 * @throws InputError naming file and line.
 */
export function readLexicon(name: string): Lexicon {
  const builtIn = BUILT_IN_LEXICONS.includes(name);
  return parseLexicon(name, readListFile(builtIn ? join(lexiconFolder(), `${name}.tsv`) : name));
}

/** The key of a built-in lexicon in a language, among lexicons by name. */
export function languageKey(name: string, language: LexiconLanguage): string {
  return language === 'en' ? name : `${name}:${language}`;
}

/** What a configuration has where it says nothing of languages. */
export const ENGLISH: LanguagesConfig = { use: ['en'], column: 'language', detect: 'missing', masculine: 'unknown' };

/**
 * Every lexicon that the attributes and labels name. Plain JSON: read where the files are, sent to workers.
 * @throws InputError as `readLexicon`; ConfigError where an attribute's value is not in its lexicon.
 */
export function readLexicons(
  attributes: Readonly<Record<string, AttributeConfig>>,
  labels: readonly LabelConfig[],
  languages: LanguagesConfig = ENGLISH,
): Record<string, Lexicon> {
  const lexicons: Record<string, Lexicon> = {};
  const issues: string[] = [];
  for (const label of labels) if ('lexicon' in label) lexicons[label.lexicon] ??= readLexicon(label.lexicon);
  for (const { key, config } of keyedSources(attributes)) {
    if (!('lexicon' in config)) continue;
    const { lexicon: name, value } = config;
    lexicons[name] ??= readLexicon(name);
    const values = valuesOf(lexicons[name]);
    if (values.includes(value)) continue;
    issues.push(`${key}.value: expected one of ${values.slice(0, 20).join(', ')} (lexicon ${name}), got ${value}`);
  }
  if (issues.length > 0) throw new ConfigError(issues);
  for (const language of languagesInUse(languages)) {
    const kinds = LANGUAGE_KINDS.filter((kind) => lexicons[kind] !== undefined);
    if (language === 'en' || kinds.length === 0) continue;
    const file = `${language}.tsv`;
    const parsed = parseLanguageLexicon(file, readListFile(join(lexiconFolder(), file)), languages.masculine);
    for (const kind of kinds) lexicons[languageKey(kind, language)] = parsed[kind];
  }
  return lexicons;
}
