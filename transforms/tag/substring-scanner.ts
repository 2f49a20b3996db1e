/**
 * Finds terms anywhere in text that is written without spaces (Chinese, Japanese).
 *
 * The definition, for each lexicon by itself: from the left, at each code point, the longest term that stands there is found and the
 * search goes on after it. A term that begins or ends in katakana, or in letters of other scripts or digits, is not found within a longer
 * run of the same kind: コック (a cook) is not in コックピット. What else would be misread is listed as a silent term.
 */
import { decodeUtf8, foldCodePoint, NOT_WORD } from './fold.js';
import { expandLexicon, type Lexicon, numberValues } from './lexicon.js';
import { grown, type Scanner } from './scanner.js';

const OTHER = 0;
const IDEOGRAPH = 1;
const KATAKANA = 2;
const LETTER = 3;

/** Runs of katakana, and of letters or digits, are words; of anything else a part may be one. */
function kindOf(point: number): number {
  if ((point >= 0x30a1 && point <= 0x30fa) || point === 0x30fc || (point >= 0xff66 && point <= 0xff9f)) return KATAKANA;
  if ((point >= 0x3040 && point <= 0x309f) || (point >= 0x2e80 && point <= 0x9fff) || point >= 0xf900) return IDEOGRAPH;
  return foldCodePoint(point) === NOT_WORD ? OTHER : LETTER;
}

const isWhole = (kind: number) => kind === KATAKANA || kind === LETTER;

/** Entries of a table of the letters that terms begin with, by the low bits of their code points: most of a caption begins none. */
const STARTS = 8192;

interface Node {
  readonly next: Map<number, Node>;
  /** [lexicon, value or -1] pairs, flat. */
  readonly outputs: number[];
}

/** Compiles lexicons; what it finds is as that of `compileScanner`. */
export function compileSubstringScanner(lexicons: readonly Lexicon[]): Scanner {
  const { values, numberOf } = numberValues(lexicons);
  const root: Node = { next: new Map(), outputs: [] };
  lexicons.forEach((lexicon, number) => {
    for (const { words, value } of expandLexicon(lexicon)) {
      let node = root;
      for (const character of words.join(' ')) {
        const point = character.codePointAt(0)!;
        const next = node.next.get(point) ?? { next: new Map(), outputs: [] };
        node.next.set(point, next);
        node = next;
      }
      node.outputs.push(number, numberOf(number, value));
    }
  });

  const starts = new Uint8Array(STARTS);
  for (const point of root.next.keys()) starts[point % STARTS] = 1;

  let points = new Int32Array(256);
  let found: Int32Array = new Int32Array(256);
  const free = new Int32Array(lexicons.length);
  const bestEnd = new Int32Array(lexicons.length);
  const bestValue = new Int32Array(lexicons.length);

  /** Folds `bytes[start .. end)` into `points`; returns how many there are. */
  function decode(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > points.length) points = new Int32Array(2 * (end - start));
    let n = 0;
    for (let at = start; at < end; n++) {
      const decoded = decodeUtf8(bytes, at, end);
      at += decoded < 0 ? 1 : decoded & 7;
      const point = decoded < 0 ? 0 : decoded >>> 3;
      const folded = foldCodePoint(point);
      points[n] = folded === NOT_WORD ? point : folded;
    }
    return n;
  }

  /** Whether a run of one kind that is a word goes on from `points[at]` to the next. Folding changes no letter's kind. */
  function isWithin(at: number): boolean {
    const kind = kindOf(points[at]!);
    return isWhole(kind) && kindOf(points[at + 1]!) === kind;
  }

  return {
    values,
    get found() {
      return found;
    },
    scan(bytes, start, end) {
      const n = decode(bytes, start, end);
      free.fill(0);
      let count = 0;
      for (let at = 0; at < n; at++) {
        if (starts[points[at]! % STARTS] === 0) continue;
        let node = root.next.get(points[at]!);
        if (node === undefined || (at > 0 && isWithin(at - 1))) continue;
        bestEnd.fill(0);
        for (let next = at + 1; node !== undefined; next++) {
          const whole = next === n || node.outputs.length === 0 || !isWithin(next - 1);
          for (let o = 0; whole && o < node.outputs.length; o += 2) {
            bestEnd[node.outputs[o]!] = next;
            bestValue[node.outputs[o]!] = node.outputs[o + 1]!;
          }
          node = next < n ? node.next.get(points[next]!) : undefined;
        }
        for (let lexicon = 0; lexicon < free.length; lexicon++) {
          if (bestEnd[lexicon] === 0 || free[lexicon]! > at) continue;
          free[lexicon] = bestEnd[lexicon]!;
          if (bestValue[lexicon]! < 0) continue;
          if (count === found.length) found = grown(found);
          found[count++] = bestValue[lexicon]!;
        }
      }
      return count;
    },
  };
}
