/**
 * Finds the terms of many lexicons in UTF-8 captions, in one pass and without making strings.
 *
 * The definition, for each lexicon by itself: from the left, at each word, the longest term that starts there (most words) is
 * found and the search goes on after it. Words are runs of [\p{L}\p{N}\p{M}_] under simple case folding; between the words of
 * a term stands a run of spaces and hyphens, or the one apostrophe that the term has. Scripts without spaces between words
 * (Chinese, Japanese, Thai) therefore match whole runs only.
 *
 * The method: an automaton passes over words that start no term; the others are folded, hashed and looked up in a table of
 * the lexicons' words; only from a word that starts a longer term is the trie of terms walked.
 */

import { ASCII_FOLD, BEYOND_ASCII, decodeUtf8, encodeUtf8, foldCodePoint, NOT_WORD } from './fold.js';
import { APOSTROPHE_GAP, isApostrophe, isSpaceOrHyphen, type Lexicon, numberValues, SPACE_GAP } from './lexicon.js';
import { buildTrie } from './term-trie.js';
import { buildAutomaton, nextCandidate } from './word-automaton.js';

export interface Scanner {
  /** What was looked for: `found` holds positions in this list. Sorted by lexicon, then value (by code unit). */
  readonly values: readonly { readonly lexicon: number; readonly value: string }[];
  /** The values found by the last `scan`, in no set order and with repeats. */
  readonly found: Int32Array;
  /** Scans `bytes[start .. end)`, which need not be valid UTF-8 (an invalid byte ends a word); returns the count of `found`. */
  scan(bytes: Uint8Array, start: number, end: number): number;
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;
const SLOTS_PER_WORD = 2;
function hashBytes(bytes: Uint8Array, length: number): number {
  let hash = HASH_START;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, HASH_PRIME);
  return hash;
}

function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

function edgeHash(node: number, gap: number, word: number): number {
  const hash = Math.imul(node * 4 + gap, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** A bit for the first byte of a word: a to z by letter, everything else the last. */
function letterBit(byte: number): number {
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x7a ? 1 << (letter - 0x61) : 1 << 31;
}

/** Whether a word that ends at `at` may be followed by one that starts with one of `letters` (of letterBit): false is sure. */
function mayGoOn(letters: number, bytes: Uint8Array, at: number, end: number): boolean {
  if (letters === 0 || at + 1 >= end) return false;
  const byte = bytes[at]!;
  if (byte !== 0x20) return byte !== 0x2e && byte !== 0x2c;
  const next = bytes[at + 1]!;
  // Where one space is not all of the gap, or the letter is beyond ASCII, more than a byte has to be looked at.
  return next <= 0x2d || next >= 0x80 || (letters & letterBit(next)) !== 0;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, atLeast)));
}

/**
 * The gap after a word that ends at `start`: bytes * 4 + (SPACE_GAP or APOSTROPHE_GAP); 0 where something else stands there, or
 * nothing.
 */
function skipGap(bytes: Uint8Array, start: number, end: number): number {
  // One space, as nearly always.
  if (start + 1 < end && bytes[start] === 0x20 && bytes[start + 1]! > 0x2d && bytes[start + 1]! < 0x80)
    return 4 + SPACE_GAP;
  let at = start;
  let kind = 0;
  while (at < end) {
    const decoded = decodeUtf8(bytes, at, end);
    const point = decoded < 0 ? -1 : decoded >>> 3;
    if (isApostrophe(point) && kind === 0) kind = APOSTROPHE_GAP;
    else if (isSpaceOrHyphen(point) && kind !== APOSTROPHE_GAP) kind = SPACE_GAP;
    else break;
    at += decoded & 7;
  }
  return (at - start) * 4 + kind;
}

/** The array, and as much room again. */
export function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Compiles lexicons into one scanner; position in `lexicons` is the `lexicon` number of its values. */
export function compileScanner(lexicons: readonly Lexicon[]): Scanner {
  const { values, numberOf } = numberValues(lexicons);
  const trie = buildTrie(lexicons, numberOf);

  const wordCount = trie.words.size;
  const encoder = new TextEncoder();
  const encoded = [...trie.words.keys()].map((word) => encoder.encode(word));
  const longest = encoded.reduce((most, word) => Math.max(most, word.length), 0);
  const poolOffsets = new Int32Array(wordCount + 1);
  encoded.forEach((word, i) => {
    poolOffsets[i + 1] = poolOffsets[i]! + word.length;
  });
  const pool = new Uint8Array(poolOffsets[wordCount]!);
  const hashes = new Int32Array(wordCount);
  const slots = new Int32Array(powerOfTwo(wordCount * SLOTS_PER_WORD)).fill(-1);
  const slotMask = slots.length - 1;
  encoded.forEach((word, i) => {
    pool.set(word, poolOffsets[i]!);
    hashes[i] = hashBytes(word, word.length);
    let slot = slotOf(hashes[i]!, slotMask);
    while (slots[slot]! >= 0) slot = (slot + 1) & slotMask;
    slots[slot] = i;
  });

  /** By word: the node of the term's first word, 0 where none starts with it. */
  const firstNode = new Int32Array(wordCount);
  const edgeSlots = powerOfTwo(trie.outputs.length * 2);
  const edgeMask = edgeSlots - 1;
  const edgeFrom = new Int32Array(edgeSlots).fill(-1);
  const edgeWord = new Int32Array(edgeSlots);
  const edgeTo = new Int32Array(edgeSlots);
  /** By node: the letters that its child words start with, a bit each; other letters share the last bit. 0: no child. */
  const childLetters = new Int32Array(trie.outputs.length);
  for (let to = 1; to < trie.outputs.length; to++) {
    const node = trie.from[to]!;
    const gap = trie.gaps[to]!;
    const word = trie.wordOf[to]!;
    if (gap === 0) {
      firstNode[word] = to;
      continue;
    }
    let slot = edgeHash(node, gap, word) & edgeMask;
    while (edgeFrom[slot]! >= 0) slot = (slot + 1) & edgeMask;
    childLetters[node]! |= letterBit(encoded[word]![0]!);
    edgeFrom[slot] = node * 4 + gap;
    edgeWord[slot] = word;
    edgeTo[slot] = to;
  }
  /** Words that start a term, as numbers in `encoded`. */
  const starters = Int32Array.from(encoded.keys()).filter((word) => firstNode[word] !== 0);
  const starterNode = starters.map((word) => firstNode[word]!);
  const starterBytes = starters.map((word) => encoded[word]!.length);
  const { table, wordOf } = buildAutomaton([...starters].map((word) => encoded[word]!));
  const lastState = new Uint16Array(1);
  const outputStarts = new Int32Array(trie.outputs.length + 1);
  trie.outputs.forEach((pairs, node) => {
    outputStarts[node + 1] = outputStarts[node]! + pairs.length;
  });
  const outputs = Int32Array.from(trie.outputs.flat());

  const scratch = new Uint8Array(longest + 4);
  /** By lexicon: where its last match of several words ended; all 0 unless `dirty`. */
  const free = new Int32Array(lexicons.length);
  let dirty = false;
  const bestValue = new Int32Array(lexicons.length);
  const bestEnd = new Int32Array(lexicons.length);
  let found: Int32Array = new Int32Array(256);
  let scratchLength = 0;

  function child(node: number, gap: number, word: number): number {
    const from = node * 4 + gap;
    let slot = edgeHash(node, gap, word) & edgeMask;
    while (edgeFrom[slot]! >= 0) {
      if (edgeFrom[slot] === from && edgeWord[slot] === word) return edgeTo[slot]!;
      slot = (slot + 1) & edgeMask;
    }
    return 0;
  }

  function emit(count: number, value: number): number {
    if (value < 0) return count;
    if (count === found.length) found = grown(found);
    found[count] = value;
    return count + 1;
  }

  function wordAt(bytes: Uint8Array, start: number, length: number, hash: number, folded: boolean): number {
    for (let slot = slotOf(hash, slotMask); ; slot = (slot + 1) & slotMask) {
      const word = slots[slot]!;
      if (word < 0) return -1;
      if (hashes[word] !== hash) continue;
      const at = poolOffsets[word]!;
      if (poolOffsets[word + 1]! - at !== length) continue;
      let same = 0;
      if (folded) while (same < length && pool[at + same] === bytes[start + same]) same++;
      else while (same < length && pool[at + same] === ASCII_FOLD[bytes[start + same]!]) same++;
      if (same === length) return word;
    }
  }

  function isAsciiWord(byte: number): boolean {
    return byte < 0x80 && ASCII_FOLD[byte] !== 0;
  }

  /** Where the word that starts at `start` ends; its folded bytes go to `scratch`, as far as the longest known word reaches. */
  function foldWord(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    scratchLength = 0;
    while (at < end) {
      const decoded = decodeUtf8(bytes, at, end);
      const folded = decoded < 0 ? NOT_WORD : foldCodePoint(decoded >>> 3);
      if (folded === NOT_WORD) break;
      if (scratchLength <= longest) scratchLength = encodeUtf8(folded, scratch, scratchLength);
      at += decoded & 7;
    }
    return at;
  }

  /** Notes what the node gives as the best of its lexicons so far. */
  function note(node: number, wordEnd: number): void {
    for (let o = outputStarts[node]!; o < outputStarts[node + 1]!; o += 2) {
      bestValue[outputs[o]!] = outputs[o + 1]!;
      bestEnd[outputs[o]!] = wordEnd;
    }
  }

  /** The known word that starts at `start`, or -1; it ends at `wordEnd`. */
  let wordEnd = 0;
  function readWord(bytes: Uint8Array, start: number, end: number): number {
    const fold = ASCII_FOLD;
    let hash = HASH_START;
    let at = start;
    let folded = 0;
    while (at < end) {
      folded = fold[bytes[at]!]!;
      if (folded === 0 || folded === BEYOND_ASCII) break;
      hash = Math.imul(hash ^ folded, HASH_PRIME);
      at++;
    }
    wordEnd = at;
    if (folded !== BEYOND_ASCII || at === end) return at === start ? -1 : wordAt(bytes, start, at - start, hash, false);
    wordEnd = foldWord(bytes, start, end);
    return scratchLength === 0 ? -1 : wordAt(scratch, 0, scratchLength, hashBytes(scratch, scratchLength), true);
  }

  /** Longest match from a word that starts longer terms, each lexicon by itself. */
  function walk(
    bytes: Uint8Array,
    wordStart: number,
    firstEnd: number,
    end: number,
    first: number,
    count: number,
  ): number {
    for (let lexicon = 0; lexicon < bestEnd.length; lexicon++) bestEnd[lexicon] = 0;
    note(first, firstEnd);
    let node = first;
    let at = firstEnd;
    while (childLetters[node] !== 0) {
      const spaces = skipGap(bytes, at, end);
      const next = at + (spaces >> 2);
      if (spaces === 0 || next >= end) break;
      // Letters beyond ASCII may fold to ASCII (the Kelvin sign to k).
      if (bytes[next]! < 0x80 && (childLetters[node]! & letterBit(bytes[next]!)) === 0) break;
      const word = readWord(bytes, next, end);
      node = word < 0 ? 0 : child(node, spaces & 3, word);
      if (node === 0) break;
      note(node, wordEnd);
      at = wordEnd;
    }
    let n = count;
    for (let lexicon = 0; lexicon < free.length; lexicon++) {
      if (bestEnd[lexicon] === 0 || free[lexicon]! > wordStart) continue;
      n = emit(n, bestValue[lexicon]!);
      if (bestEnd[lexicon] === firstEnd) continue;
      free[lexicon] = bestEnd[lexicon]!;
      dirty = true;
    }
    return n;
  }

  function scan(bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    let at = start;
    if (dirty) free.fill(0);
    dirty = false;
    while (true) {
      at = nextCandidate(table, bytes, at, end, lastState);
      if (at > end) return count;
      const beyond = at < end && bytes[at]! >= 0x80;
      const spelled = beyond ? -1 : wordOf[lastState[0]!]!;
      let wordStart = at;
      let node = 0;
      if (spelled >= 0) {
        node = starterNode[spelled]!;
        wordStart -= starterBytes[spelled]!;
      } else {
        while (wordStart > start && isAsciiWord(bytes[wordStart - 1]!)) wordStart--;
        const word = readWord(bytes, wordStart, end);
        at = wordEnd;
        if (word >= 0) node = firstNode[word]!;
      }
      if (mayGoOn(childLetters[node]!, bytes, at, end)) count = walk(bytes, wordStart, at, end, node, count);
      else {
        for (let o = outputStarts[node]!; o < outputStarts[node + 1]!; o += 2) {
          if (!dirty || free[outputs[o]!]! <= wordStart) count = emit(count, outputs[o + 1]!);
        }
      }
      if (at >= end) return count;
      const skipped = beyond ? decodeUtf8(bytes, at, end) : 1;
      at += skipped < 0 ? 1 : skipped & 7;
    }
  }

  return {
    values,
    get found() {
      return found;
    },
    scan,
  };
}
