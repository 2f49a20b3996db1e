/** Scripts of captions: a cheap proof that a caption is not in a language, before any identification. */
import { decodeUtf8 } from '../tag/fold.js';

type Script =
  | 'Latin'
  | 'Greek'
  | 'Cyrillic'
  | 'Armenian'
  | 'Hebrew'
  | 'Arabic'
  | 'Indic'
  | 'SoutheastAsian'
  | 'Ethiopic'
  | 'Georgian'
  | 'EastAsian';

/** Unicode blocks of letters, ascending, as [first, last, script]; neighbours that no language mixes are one. */
const RANGES: readonly (readonly [number, number, Script])[] = [
  [0x41, 0x5a, 'Latin'],
  [0x61, 0x7a, 'Latin'],
  [0xc0, 0x24f, 'Latin'],
  [0x370, 0x3ff, 'Greek'],
  [0x400, 0x52f, 'Cyrillic'],
  [0x530, 0x58f, 'Armenian'],
  [0x590, 0x5ff, 'Hebrew'],
  [0x600, 0x6ff, 'Arabic'],
  [0x750, 0x77f, 'Arabic'],
  [0x900, 0xdff, 'Indic'],
  [0xe00, 0xeff, 'SoutheastAsian'],
  [0x1000, 0x109f, 'SoutheastAsian'],
  [0x10a0, 0x10ff, 'Georgian'],
  [0x1100, 0x11ff, 'EastAsian'],
  [0x1200, 0x137f, 'Ethiopic'],
  [0x1780, 0x17ff, 'SoutheastAsian'],
  [0x1e00, 0x1eff, 'Latin'],
  [0x1f00, 0x1fff, 'Greek'],
  [0x3040, 0x30ff, 'EastAsian'],
  [0x3400, 0x9fff, 'EastAsian'],
  [0xac00, 0xd7af, 'EastAsian'],
  [0xf900, 0xfaff, 'EastAsian'],
  [0xfb50, 0xfdff, 'Arabic'],
  [0xfe70, 0xfefe, 'Arabic'],
  [0x20000, 0x2ffff, 'EastAsian'],
];

/** Languages (of the identifier's sixty) that are not written in Latin letters. */
const SCRIPTS_OF: Readonly<Record<string, Script>> = {
  am: 'Ethiopic',
  ar: 'Arabic',
  be: 'Cyrillic',
  bg: 'Cyrillic',
  bn: 'Indic',
  el: 'Greek',
  fa: 'Arabic',
  gu: 'Indic',
  he: 'Hebrew',
  hi: 'Indic',
  hy: 'Armenian',
  ja: 'EastAsian',
  ka: 'Georgian',
  kn: 'Indic',
  ko: 'EastAsian',
  ku: 'Arabic',
  lo: 'SoutheastAsian',
  ml: 'Indic',
  mr: 'Indic',
  or: 'Indic',
  pa: 'Indic',
  ru: 'Cyrillic',
  sr: 'Cyrillic',
  ta: 'Indic',
  te: 'Indic',
  th: 'SoutheastAsian',
  uk: 'Cyrillic',
  ur: 'Arabic',
  zh: 'EastAsian',
};

/** Script of a code point, undefined where it is no letter of a script we know. */
function scriptOf(point: number): Script | undefined {
  for (const [first, last, script] of RANGES) {
    if (point < first) return undefined;
    if (point <= last) return script;
  }
  return undefined;
}

/** Whether a text can be in one of the languages: false where more than half of its letters are of none of their scripts. */
export function scriptCheck(languages: readonly string[]): (bytes: Uint8Array, start: number, end: number) => boolean {
  const scripts = new Set(languages.map((language) => SCRIPTS_OF[language] ?? 'Latin'));
  return (bytes, start, end) => {
    let letters = 0;
    let foreign = 0;
    for (let at = start; at < end; ) {
      const decoded = decodeUtf8(bytes, at, end);
      at += decoded < 0 ? 1 : decoded & 7;
      const script = decoded < 0 ? undefined : scriptOf(decoded >>> 3);
      if (script === undefined) continue;
      letters++;
      if (!scripts.has(script)) foreign++;
    }
    return foreign * 2 <= letters;
  };
}
