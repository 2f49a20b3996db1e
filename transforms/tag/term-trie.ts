/** The terms of many lexicons as one trie of words, the form that a scanner is compiled from. */
import { expandLexicon, type Lexicon, SILENT } from './lexicon.js';

export interface Trie {
  readonly words: Map<string, number>;
  /** By node: [lexicon, value number or -1 for a silent term] pairs, flat. Node 0 is the root. */
  readonly outputs: number[][];
  /** "node gap word": node. */
  readonly edges: Map<string, number>;
}

/**
 * The trie of all lexicons' expanded terms.
 * @param numberOf the number of a lexicon's value.
 */
export function buildTrie(lexicons: readonly Lexicon[], numberOf: (lexicon: number, value: string) => number): Trie {
  const trie: Trie = { words: new Map(), outputs: [[]], edges: new Map() };
  lexicons.forEach((lexicon, number) => {
    for (const term of expandLexicon(lexicon)) {
      let node = 0;
      term.words.forEach((text, i) => {
        let word = trie.words.get(text);
        if (word === undefined) {
          word = trie.words.size;
          trie.words.set(text, word);
        }
        const edge = `${node} ${i === 0 ? 0 : term.gaps[i - 1]} ${word}`;
        let next = trie.edges.get(edge);
        if (next === undefined) {
          next = trie.outputs.length;
          trie.outputs.push([]);
          trie.edges.set(edge, next);
        }
        node = next;
      });
      trie.outputs[node]!.push(number, term.value === SILENT ? -1 : numberOf(number, term.value));
    }
  });
  return trie;
}
