/** English plurals of lexicon terms, made when a lexicon is compiled so that data files list singulars only. */

/** Plurals that no rule gives, singular to plural; also at the end of a compound (grandchild, housewife). */
const IRREGULAR: readonly (readonly [string, string])[] = [
  ['child', 'children'],
  ['person', 'people'],
  ['wife', 'wives'],
  ['knife', 'knives'],
  ['life', 'lives'],
  ['wolf', 'wolves'],
  ['calf', 'calves'],
  ['half', 'halves'],
  ['leaf', 'leaves'],
  ['loaf', 'loaves'],
  ['shelf', 'shelves'],
  ['thief', 'thieves'],
  ['scarf', 'scarves'],
  ['elf', 'elves'],
  ['foot', 'feet'],
  ['tooth', 'teeth'],
  ['goose', 'geese'],
  ['mouse', 'mice'],
  ['hero', 'heroes'],
  ['potato', 'potatoes'],
  ['tomato', 'tomatoes'],
  ['echo', 'echoes'],
];

/** Words in -man that do not end in "man" the person, so their plural is regular. */
const REGULAR_IN_MAN = new Set([
  'human',
  'german',
  'roman',
  'norman',
  'ottoman',
  'shaman',
  'talisman',
  'caiman',
  'brahman',
]);

/** In "mother in law" or "director of photography" the word before one of these takes the plural. */
const PREPOSITIONS = new Set(['in', 'of', 'at', 'to', 'for', 'on', 'with']);

/** The plural of one lower-case English noun. Nothing tells a noun from another word: `his` gives `hises`. */
export function pluralOfWord(word: string): string {
  if (word.endsWith('man') && !REGULAR_IN_MAN.has(word)) return `${word.slice(0, -3)}men`;
  for (const [one, many] of IRREGULAR) {
    if (word.endsWith(one)) return word.slice(0, word.length - one.length) + many;
  }
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${word}es`;
  return `${word}s`;
}

/** The words of a term with its head in the plural: the word before the first preposition, else the last word. */
export function pluralOf(words: readonly string[]): string[] {
  const preposition = words.findIndex((word, i) => i > 0 && i < words.length - 1 && PREPOSITIONS.has(word));
  const head = preposition > 0 ? preposition - 1 : words.length - 1;
  return words.map((word, i) => (i === head ? pluralOfWord(word) : word));
}
