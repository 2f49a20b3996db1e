/** Captions of several languages: each row goes to the lexicons of its own. */
import type { RecordBatch } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { type LanguagesConfig, type LexiconLanguage, languagesInUse } from '../../schemas/languages.js';
import { type CaptionUse, captionSource } from './captions.js';
import { hasColumn, type Utf8Column, utf8Column } from './column.js';
import type { Lexicon } from './lexicon.js';
import { BUILT_IN_LEXICONS, languageKey } from './read-lexicon.js';
import type { TagSource } from './source.js';

/** Bytes of a caption that are looked at, ours: the identifier reads no more than 1,000 UTF-16 units. */
const MAXIMUM_BYTES = 4000;

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
 */
export function languageSource(
  text: string,
  config: LanguagesConfig,
  sources: ReadonlyMap<LexiconLanguage, TagSource>,
  rest: TagSource | undefined,
  columns: ReadonlySet<string>,
): TagSource {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const byColumn = config.detect !== 'always' && columns.has(config.column);
  const otherwise = config.otherwise === undefined ? rest : sources.get(config.otherwise);
  const byName = new Map<string, TagSource | undefined>(sources);
  const all = [...sources.values(), ...(rest === undefined ? [] : [rest])];
  let captions: Utf8Column;
  let given: Utf8Column | undefined;

  function languageOf(row: number): string {
    if (given !== undefined && (given.valid === undefined || given.valid[row] === 1)) {
      return decoder.decode(given.values.subarray(given.offsets[row]!, given.offsets[row + 1]!));
    }
    if (config.detect === 'never' || (captions.valid !== undefined && captions.valid[row] === 0)) return '';
    if (identifier === undefined) throw new InvariantError('languages: tag before prepare');
    const start = captions.offsets[row]!;
    const end = Math.min(captions.offsets[row + 1]!, start + MAXIMUM_BYTES);
    return identifier(decoder.decode(captions.values.subarray(start, end)));
  }

  return {
    columns: byColumn ? [text, config.column] : [text],
    begin(batch: RecordBatch) {
      captions = utf8Column(batch, text);
      given = byColumn && hasColumn(batch, config.column) ? utf8Column(batch, config.column) : undefined;
      for (const source of all) source.begin(batch);
    },
    tag(row, sink) {
      const language = languageOf(row);
      let source = byName.get(language);
      if (source === undefined) {
        // As de-AT, zh_Hans or DE: whatever came once is known from then on, as far as a column of languages has few.
        const base = language.split(/[-_]/)[0]!.toLowerCase() as LexiconLanguage;
        source = sources.get(base) ?? otherwise;
        if (source !== undefined && byName.size < 1000) byName.set(language, source);
      }
      source?.tag(row, sink);
    },
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
  const sources = new Map(inUse.map((language) => [language, captionSource(text, inLanguage(language))]));
  return languageSource(text, config, sources, rest, columns);
}
