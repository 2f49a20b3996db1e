/** The slow twin of near duplicates: every pair of captions, by sets of strings. */

const LETTERS =
  /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]|(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}])[\p{L}\p{N}\p{M}_])+/gu;

/** Distinct runs of `width` words, lower case; all words of a caption that has fewer. */
export function slowShingles(text: string, width: number): Set<string> {
  const words = text.toLowerCase().match(LETTERS)?.slice(0, 512) ?? [];
  const size = Math.min(width, words.length);
  const shingles = new Set<string>();
  if (size > 0) for (let i = 0; i + size <= words.length; i++) shingles.add(words.slice(i, i + size).join(' '));
  return shingles;
}

export function slowJaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const shingle of a) if (b.has(shingle)) both++;
  return both / (a.size + b.size - both);
}

/** Of each row, the largest similarity to an earlier one; 0 for null and captions without a word. */
export function slowNearest(texts: readonly (string | null)[], width: number): number[] {
  const sets = texts.map((text) => slowShingles(text ?? '', width));
  return sets.map((set, row) => {
    let most = 0;
    for (let i = 0; set.size > 0 && i < row; i++)
      if (sets[i]!.size > 0) most = Math.max(most, slowJaccard(sets[i]!, set));
    return most;
  });
}
