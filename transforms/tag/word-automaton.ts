/**
 * An automaton over ASCII bytes that stops at the end of each word that may be one of a list, and at bytes beyond ASCII.
 *
 * Its size is bounded, so in a long list the tails of some words are not spelled out; at those it only tells "maybe", and whoever
 * uses it looks the word up. It is there because nearly all words of captions are in no lexicon: one load a byte and no branch passes
 * over them at 5.4 million COCO captions a second, against 3.5 million for hashing every word.
 */
import { ASCII_FOLD, BEYOND_ASCII } from './fold.js';

/** log2 of the entries a state: 26 letters, 10 digits, the underscore, other ASCII (0) and bytes beyond ASCII. */
const STATE_SHIFT = 6;
const CLASSES = 1 << STATE_SHIFT;
const BEYOND_CLASS = 38;

/** [256]: the class of a byte: 0 ends a word. */
const BYTE_CLASS: Uint8Array = Uint8Array.from(ASCII_FOLD, (folded) => {
  if (folded === BEYOND_ASCII) return BEYOND_CLASS;
  if (folded >= 0x61) return folded - 0x60;
  if (folded >= 0x30 && folded <= 0x39) return folded - 0x30 + 27;
  return folded === 0 ? 0 : 37;
});

/** In the place of a state: these stop the scan. */
const WORD_END = -1;
const BEYOND = -2;

/** Within a word; never stops. */
const DEAD = 1;
/** Within a word whose tail is not spelled out; stops at its end. */
const MAYBE = 2;
const FIRST_FREE = 3;

/** 4 MiB of table, ours, of which captions touch little; spells out some 5,000 words whole. */
const MAXIMUM_STATES = 16_384;

export interface Automaton {
  /** By row and class of byte: where the row of the next state starts, which spares a shift a byte; or WORD_END or BEYOND. */
  readonly table: Int32Array;
  /** By state (row start >> STATE_SHIFT): the word of the list that ends there, or -1. */
  readonly wordOf: Int32Array;
}

/**
 * Builds the automaton: the next row is `table[row | BYTE_CLASS[byte]]`, from row 0 at a word's start.
 * @param words folded words as UTF-8; those with letters beyond ASCII are left out, as BEYOND stops there anyway.
 */
export function buildAutomaton(words: readonly Uint8Array[], maximumStates = MAXIMUM_STATES): Automaton {
  const wordOf = new Int32Array(maximumStates + FIRST_FREE).fill(-1);
  let table = new Int32Array(256 * CLASSES);
  let states = 0;
  const addState = (tail: number, end: number): number => {
    if ((states + 1) * CLASSES > table.length) {
      const larger = new Int32Array(table.length * 2);
      larger.set(table);
      table = larger;
    }
    const row = states * CLASSES;
    table.fill(tail << STATE_SHIFT, row, row + CLASSES);
    table[row] = end;
    table[row + BEYOND_CLASS] = BEYOND;
    return states++;
  };
  addState(DEAD, 0);
  addState(DEAD, 0);
  addState(MAYBE, WORD_END);
  const reached = new Uint16Array(words.length);
  words.forEach((word, i) => {
    if (word.some((byte) => byte >= 0x80)) reached[i] = MAYBE;
  });
  let active = words.length;
  for (let depth = 0; active > 0; depth++) {
    active = 0;
    words.forEach((word, i) => {
      const state = reached[i]!;
      if (state === MAYBE) return;
      if (depth === word.length) {
        table[state * CLASSES] = WORD_END;
        wordOf[state] = i;
        return;
      }
      if (depth > word.length) return;
      active++;
      const entry = state * CLASSES + BYTE_CLASS[word[depth]!]!;
      let next = table[entry]! >> STATE_SHIFT;
      if (next < FIRST_FREE && next !== MAYBE) {
        next = states < maximumStates ? addState(DEAD, 0) : MAYBE;
        table[entry] = next << STATE_SHIFT;
      }
      reached[i] = next;
    });
  }
  return { table: table.slice(0, states * CLASSES), wordOf: wordOf.slice(0, states) };
}

/**
 * Runs the automaton from `start`, which is not inside a word: returns where a word that may be in the list ends, or where a byte
 * beyond ASCII stands, whichever comes first; `end + 1` where neither does.
 * @param last [1]: gets the state in which the word ended.
 */
export function nextCandidate(
  table: Int32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  last: Uint16Array,
): number {
  const classes = BYTE_CLASS;
  let row = 0;
  for (let at = start; at < end; at++) {
    const next = table[row | classes[bytes[at]!]!]!;
    if (next < 0) {
      last[0] = row >> STATE_SHIFT;
      return at;
    }
    row = next;
  }
  last[0] = row >> STATE_SHIFT;
  return table[row] === WORD_END ? end : end + 1;
}
