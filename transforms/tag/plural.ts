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

/** The same by the last letters of the singular: most words end in none of them. */
const TAIL = 3;
const IRREGULAR_BY_TAIL = new Map<string, (typeof IRREGULAR)[number][]>();
for (const pair of IRREGULAR) {
  const tail = pair[0].slice(-TAIL);
  IRREGULAR_BY_TAIL.set(tail, [...(IRREGULAR_BY_TAIL.get(tail) ?? []), pair]);
}

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
  const irregular = IRREGULAR_BY_TAIL.get(word.slice(-TAIL))?.find(([one]) => word.endsWith(one));
  if (irregular !== undefined) return word.slice(0, word.length - irregular[0].length) + irregular[1];
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
