/** The terms of many lexicons as one trie of words, the form that a scanner is compiled from. */
import { expandLexicon, type Lexicon } from './lexicon.js';

export interface Trie {
  readonly words: Map<string, number>;
  /** By node: [lexicon, value number or -1 for a silent term] pairs, flat. Node 0 is the root. */
  readonly outputs: number[][];
  /** By node but the root, what leads there: the node before, the gap (0 from the root) and the word. */
  readonly from: number[];
  readonly gaps: number[];
  readonly wordOf: number[];
}

/** More words than lexicons can hold (100,000 terms of 16 words, in few forms each). */
const WORDS = 2 ** 25;

/**
 * The trie of all lexicons' expanded terms.
 * @param numberOf the number of a lexicon's value, -1 of the silent one.
 */
export function buildTrie(lexicons: readonly Lexicon[], numberOf: (lexicon: number, value: string) => number): Trie {
  const trie: Trie = { words: new Map(), outputs: [[]], from: [0], gaps: [0], wordOf: [-1] };
  /** (node * 4 + gap) * WORDS + word: node. */
  const edges = new Map<number, number>();
  lexicons.forEach((lexicon, number) => {
    for (const { words, gaps, value } of expandLexicon(lexicon)) {
      let node = 0;
      for (let i = 0; i < words.length; i++) {
        const text = words[i]!;
        let word = trie.words.get(text);
        if (word === undefined) {
          word = trie.words.size;
          trie.words.set(text, word);
        }
        const gap = i === 0 ? 0 : gaps[i - 1]!;
        const edge = (node * 4 + gap) * WORDS + word;
        let next = edges.get(edge);
        if (next === undefined) {
          next = trie.outputs.length;
          trie.outputs.push([]);
          trie.from.push(node);
          trie.gaps.push(gap);
          trie.wordOf.push(word);
          edges.set(edge, next);
        }
        node = next;
      }
      trie.outputs[node]!.push(number, numberOf(number, value));
    }
  });
  return trie;
}
