/**
 * Finds the terms of many lexicons in UTF-8 captions, in one pass and without making strings.
 *
 * The definition, for each lexicon by itself: from the left, at each word, the longest term that starts there (most words) is
 * found and the search goes on after it. Words are runs of [\p{L}\p{N}\p{M}_] under simple case folding; between the words of
 * a term stands a run of spaces and hyphens, or the one apostrophe that the term has. Scripts without spaces between words
 * (Chinese, Japanese, Thai) therefore match whole runs only.
 *
 * The method: each word is folded and hashed byte by byte and looked up in a table of the lexicons' words (most captions'
 * words are absent, which costs one load); only where two known words adjoin is the trie of terms walked.
 */
import { ASCII_FOLD, BEYOND_ASCII, decodeUtf8, encodeUtf8, foldCodePoint, NOT_WORD } from './fold.js';
import { APOSTROPHE_GAP, expandLexicon, isApostrophe, isSpaceOrHyphen, type Lexicon, SILENT, SPACE_GAP } from './lexicon.js';

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
/** Slots a word, so that an absent word is told by its first slot nearly always. */
const SLOTS_PER_WORD = 8;
/** A word is the first, or a later, word of some longer term. */
const STARTS = 1;
const CONTINUES = 2;

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

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, atLeast)));
}

interface Trie {
  readonly words: Map<string, number>;
  readonly flags: number[];
  /** By node: [lexicon, value number or -1 for a silent term] pairs, flat. Node 0 is the root. */
  readonly outputs: number[][];
  /** "node gap word": node. */
  readonly edges: Map<string, number>;
}

function buildTrie(lexicons: readonly Lexicon[], numberOf: (lexicon: number, value: string) => number): Trie {
  const trie: Trie = { words: new Map(), flags: [], outputs: [[]], edges: new Map() };
  lexicons.forEach((lexicon, number) => {
    for (const term of expandLexicon(lexicon)) {
      let node = 0;
      term.words.forEach((text, i) => {
        let word = trie.words.get(text);
        if (word === undefined) {
          word = trie.words.size;
          trie.words.set(text, word);
          trie.flags.push(0);
        }
        if (i < term.words.length - 1) trie.flags[word]! |= STARTS;
        if (i > 0) trie.flags[word]! |= CONTINUES;
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

/** The gap between two words: SPACE_GAP, APOSTROPHE_GAP, or 0 where something else stands there. */
function gapBetween(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let count = 0;
  let apostrophes = 0;
  while (at < end) {
    const decoded = decodeUtf8(bytes, at, end);
    if (decoded < 0) return 0;
    const point = decoded >>> 3;
    if (isApostrophe(point)) apostrophes++;
    else if (!isSpaceOrHyphen(point)) return 0;
    count++;
    if (apostrophes > 0 && count > 1) return 0;
    at += decoded & 7;
  }
  return apostrophes === 1 ? APOSTROPHE_GAP : SPACE_GAP;
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Compiles lexicons into one scanner; position in `lexicons` is the `lexicon` number of its values. */
export function compileScanner(lexicons: readonly Lexicon[]): Scanner {
  const values = lexicons.flatMap(({ entries }, lexicon) =>
    [...new Set(entries.map(({ value }) => value))]
      .filter((value) => value !== SILENT)
      .sort()
      .map((value) => ({ lexicon, value })),
  );
  const numbers = new Map(values.map(({ lexicon, value }, i) => [`${lexicon}\t${value}`, i]));
  const trie = buildTrie(lexicons, (lexicon, value) => numbers.get(`${lexicon}\t${value}`)!);

  const wordCount = trie.words.size;
  const encoder = new TextEncoder();
  const encoded = [...trie.words.keys()].map((word) => encoder.encode(word));
  const longest = Math.max(0, ...encoded.map((word) => word.length));
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
  const flags = Uint8Array.from(trie.flags);

  /** By word: the node of the term's first word, 0 where none starts with it. */
  const firstNode = new Int32Array(wordCount);
  const edgeSlots = powerOfTwo(trie.edges.size * 2);
  const edgeMask = edgeSlots - 1;
  const edgeFrom = new Int32Array(edgeSlots).fill(-1);
  const edgeWord = new Int32Array(edgeSlots);
  const edgeTo = new Int32Array(edgeSlots);
  for (const [edge, to] of trie.edges) {
    const [node, gap, word] = edge.split(' ').map(Number) as [number, number, number];
    if (gap === 0) {
      firstNode[word] = to;
      continue;
    }
    let slot = edgeHash(node, gap, word) & edgeMask;
    while (edgeFrom[slot]! >= 0) slot = (slot + 1) & edgeMask;
    edgeFrom[slot] = node * 4 + gap;
    edgeWord[slot] = word;
    edgeTo[slot] = to;
  }
  const outputStarts = new Int32Array(trie.outputs.length + 1);
  trie.outputs.forEach((pairs, node) => {
    outputStarts[node + 1] = outputStarts[node]! + pairs.length;
  });
  const outputs = Int32Array.from(trie.outputs.flat());

  const scratch = new Uint8Array(longest + 4);
  const free = new Int32Array(lexicons.length);
  const bestValue = new Int32Array(lexicons.length);
  const bestEnd = new Int32Array(lexicons.length);
  let tokens: Int32Array = new Int32Array(64);
  let gaps: Int32Array = new Int32Array(64);
  let found: Int32Array = new Int32Array(256);

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

  /** Longest match, each lexicon by itself, over known words of which some adjoin. */
  function resolve(count: number): number {
    free.fill(0);
    let n = 0;
    for (let i = 0; i < count; i++) {
      bestEnd.fill(0);
      let node = firstNode[tokens[i]!]!;
      for (let j = i; node !== 0; ) {
        for (let o = outputStarts[node]!; o < outputStarts[node + 1]!; o += 2) {
          bestEnd[outputs[o]!] = j + 1;
          bestValue[outputs[o]!] = outputs[o + 1]!;
        }
        if (++j === count || gaps[j] === 0) break;
        node = child(node, gaps[j]!, tokens[j]!);
      }
      for (let lexicon = 0; lexicon < free.length; lexicon++) {
        if (bestEnd[lexicon] === 0 || free[lexicon]! > i) continue;
        free[lexicon] = bestEnd[lexicon]!;
        n = emit(n, bestValue[lexicon]!);
      }
    }
    return n;
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

  /** Where the word with letters beyond ASCII that starts at `start` ends; its folded bytes go to `scratch`. */
  let scratchLength = 0;
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

  function scan(bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    let linked = false;
    let previousFlags = 0;
    let previousEnd = 0;
    let hash = HASH_START;
    let wordStart = start;
    let at = start;
    while (true) {
      const folded = at < end ? ASCII_FOLD[bytes[at]!]! : 0;
      if (folded !== 0 && folded !== BEYOND_ASCII) {
        hash = Math.imul(hash ^ folded, HASH_PRIME);
        at++;
        continue;
      }
      let word = -1;
      if (folded === 0) {
        if (at > wordStart) word = wordAt(bytes, wordStart, at - wordStart, hash, false);
      } else {
        at = foldWord(bytes, wordStart, end);
        if (scratchLength > 0) word = wordAt(scratch, 0, scratchLength, hashBytes(scratch, scratchLength), true);
      }
      if (word >= 0) {
        if (count === tokens.length) {
          tokens = grown(tokens);
          gaps = grown(gaps);
        }
        let gap = 0;
        if ((previousFlags & STARTS) !== 0 && (flags[word]! & CONTINUES) !== 0) {
          gap = gapBetween(bytes, previousEnd, wordStart);
          if (gap !== 0) linked = true;
        }
        tokens[count] = word;
        gaps[count++] = gap;
        previousFlags = flags[word]!;
        previousEnd = at;
      }
      if (at >= end) break;
      const skipped = folded === 0 ? 1 : decodeUtf8(bytes, at, end);
      at += skipped < 0 ? 1 : skipped & 7;
      wordStart = at;
      hash = HASH_START;
    }
    if (linked) return resolve(count);
    let n = 0;
    for (let i = 0; i < count; i++) {
      const node = firstNode[tokens[i]!]!;
      for (let o = outputStarts[node]!; o < outputStarts[node + 1]!; o += 2) n = emit(n, outputs[o + 1]!);
    }
    return n;
  }

  return {
    values,
    get found() {
      return found;
    },
    scan,
  };
}
