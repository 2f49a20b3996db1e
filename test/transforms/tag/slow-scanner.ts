/** The scanner's definition, slow and obvious: one RegExp a lexicon over the decoded caption. */
import { expandLexicon, type Lexicon, SILENT, SPACE_GAP } from '../../../transforms/tag/lexicon.js';

const GAPS: Record<number, string> = { [SPACE_GAP]: '[\\s\\u2010\\u2011\\-]+', 2: "['\\u2019]" };

/** A function from a caption's bytes to the "lexicon:value" pairs found in it, sorted and unique. */
export function slowScanner(lexicons: readonly Lexicon[]): (bytes: Uint8Array) => string[] {
  const compiled = lexicons.map((lexicon) => {
    const terms = expandLexicon(lexicon).sort((a, b) => b.words.length - a.words.length);
    const sources = terms.map(({ words, gaps }) =>
      words.map((word, i) => (i === 0 ? '' : GAPS[gaps[i - 1]!]) + word).join(''),
    );
    const alternatives = sources.map((source) => `(?:${source})(?![\\p{L}\\p{N}\\p{M}_])`);
    const one = sources.map((source) => new RegExp(`^(?:${source})$`, 'iu'));
    return {
      all: new RegExp(`(?<![\\p{L}\\p{N}\\p{M}_])(?:${alternatives.join('|')})`, 'giu'),
      valueOfMatch: (match: string) => terms[one.findIndex((r) => r.test(match))]!.value,
      seen: new Map<string, string>(),
    };
  });
  return (bytes) => {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const found = new Set<string>();
    compiled.forEach(({ all, valueOfMatch, seen }, lexicon) => {
      for (const [match] of text.matchAll(all)) {
        let value = seen.get(match);
        if (value === undefined) {
          value = valueOfMatch(match);
          seen.set(match, value);
        }
        if (value !== SILENT) found.add(`${lexicon}:${value}`);
      }
    });
    return [...found].sort();
  };
}
