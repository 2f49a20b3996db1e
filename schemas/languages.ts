/** The section `languages` of the configuration: in which languages built-in lexicons read captions. */
import * as z from 'zod';
import { columnName } from './config-values.js';

/** Languages (ISO 639-1) that the built-in lexicons gender, age and occupations speak; proxies is English only. */
export const LEXICON_LANGUAGES = [
  'en',
  'ar',
  'de',
  'es',
  'fr',
  'hi',
  'it',
  'ja',
  'ko',
  'nl',
  'pt',
  'ru',
  'tr',
  'zh',
] as const;
export type LexiconLanguage = (typeof LEXICON_LANGUAGES)[number];

const language = z.enum(LEXICON_LANGUAGES);

export const languagesSchema = z.strictObject({
  use: z
    .union([z.literal('all'), z.array(language).min(1)])
    .default(['en'])
    .describe(
      'Languages of the built-in lexicons. Of one language, every caption is taken to be in it; of several, a caption is read by the lexicons of its own language only',
    ),
  column: columnName.default('language').describe('The column that holds the language, as de or de-AT'),
  detect: z
    .enum(['missing', 'always', 'never'])
    .default('missing')
    .describe('Identify the language from the caption: where the column is absent or null, always, or never'),
  otherwise: language
    .optional()
    .describe('The language of captions whose language is none of these, or not known; left out: they are not read'),
  masculine: z
    .enum(['unknown', 'male'])
    .default('unknown')
    .describe('What the grammatical masculine of a person says ("el médico"), which may name anyone: nothing, or male'),
});
export type LanguagesConfig = z.infer<typeof languagesSchema>;

/** The languages in use, each once. */
export function languagesInUse({ use }: LanguagesConfig): readonly LexiconLanguage[] {
  return use === 'all' ? LEXICON_LANGUAGES : [...new Set(use)];
}
