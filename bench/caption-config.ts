/** The job that the caption benchmarks do: DataComp-like filters, perceived gender, occupations. */
import { BUILT_IN_ATTRIBUTE_VALUES, type Config } from '../schemas/config.js';
import { parseConfig } from '../schemas/parse-config.js';

/** What is kept; the peers are given the same numbers. */
export const KEPT = { words: 3, characters: 6, side: 200, aspect: 3, similarity: 0.28 };

export function captionConfig(input: string, directory: string, nightly?: object): Config {
  return parseConfig({
    ...(nightly === undefined ? {} : { nightly }),
    input: { files: input },
    filters: [
      { words: { minimum: KEPT.words } },
      { characters: { minimum: KEPT.characters } },
      { side: { minimum: KEPT.side } },
      { aspect: { maximum: KEPT.aspect } },
      { similarity: { column: 'clip', minimum: KEPT.similarity } },
    ],
    attributes: { [BUILT_IN_ATTRIBUTE_VALUES.gender[0]]: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    output: { directory, overwrite: true },
  });
}
