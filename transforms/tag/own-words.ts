/** The words from which lexicons infer an attribute: they go with it by definition. */
import { type AttributeConfig, sourcesOf } from '../../schemas/attribute-config.js';
import { type LanguagesConfig, languagesInUse } from '../../schemas/languages.js';
import { expandLexicon, type Lexicon, SILENT } from './lexicon.js';
import { languageKey } from './read-lexicon.js';

/**
 * By attribute, folded: every term of one word, whichever value it has, of the lexicons that the attribute is inferred from.
 * @param lexicons from `readLexicons`
 */
export function ownWords(
  attributes: Readonly<Record<string, AttributeConfig>>,
  lexicons: Readonly<Record<string, Lexicon>>,
  languages: LanguagesConfig,
): Map<string, Set<string>> {
  return new Map(
    Object.entries(attributes).map(([name, attribute]) => {
      const used = sourcesOf(attribute).flatMap((source) =>
        'lexicon' in source
          ? [source.lexicon, ...languagesInUse(languages).map((language) => languageKey(source.lexicon, language))]
          : [],
      );
      const terms = [...new Set(used)].flatMap((key) =>
        lexicons[key] === undefined ? [] : expandLexicon(lexicons[key]),
      );
      return [
        name,
        new Set(terms.flatMap(({ words, value }) => (words.length === 1 && value !== SILENT ? words : []))),
      ];
    }),
  );
}
