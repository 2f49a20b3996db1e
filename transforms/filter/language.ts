/**
 * Language of the caption, from a column, or identified by `eld` (n-grams, small model: 41,000 captions a second, so it is asked
 * only where the column says nothing and the script leaves it open).
 */
import type { RecordBatch } from 'apache-arrow';
import { InvariantError } from '../../schemas/errors.js';
import { createByteTable } from '../tag/byte-table.js';
import { hasColumn, type Utf8Column, utf8Column } from '../tag/column.js';
import type { Filter } from './filter.js';
import { scriptCheck } from './script.js';

interface LanguageRule {
  readonly keep: readonly string[];
  readonly column: string;
  readonly detect: 'missing' | 'always' | 'never';
}

const OTHER = 0;
const UNKNOWN = 1;
const NULL = 2;

/** Bytes of a caption that are looked at, ours: eld itself reads no more than 1,000 UTF-16 units. */
const MAXIMUM_BYTES = 4000;

/**
 * Keeps captions in one of the languages (ISO 639-1; compared exactly with the column).
 *
 * detect `never`: the column alone; null is dropped. `missing`: the column, and identification where it is absent or null.
 * `always`: identification alone. Identified: dropped where more than half of the letters are of other scripts, else by the most
 * likely language; "unknown" where the text gives none. A null caption that had to be identified is dropped as null.
 */
export function languageFilter({ keep, column, detect }: LanguageRule): Filter {
  const kept = createByteTable(keep);
  const possible = scriptCheck(keep);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let identify: ((text: string) => string) | undefined;

  function identified(text: Utf8Column, i: number): number {
    if (text.valid !== undefined && text.valid[i] === 0) return NULL;
    const start = text.offsets[i]!;
    const end = Math.min(text.offsets[i + 1]!, start + MAXIMUM_BYTES);
    if (!possible(text.values, start, end)) return OTHER;
    if (identify === undefined) throw new InvariantError('language: select before prepare');
    const language = identify(decoder.decode(text.values.subarray(start, end)));
    if (language === '') return UNKNOWN;
    return keep.includes(language) ? -1 : OTHER;
  }

  return {
    name: 'language',
    reasons: ['language: other', 'language: unknown', 'language: null'],
    columns: detect === 'never' ? [column] : ['text'],
    ...(detect === 'missing' && { optionalColumns: [column] }),
    async prepare() {
      if (detect === 'never' || identify !== undefined) return;
      const { eld } = await import('eld/small');
      const detector = eld.newInstance();
      identify = (text) => detector.detect(text).language;
    },
    select(batch: RecordBatch, drop, firstCode) {
      const given =
        detect === 'always' || (detect === 'missing' && !hasColumn(batch, column))
          ? undefined
          : utf8Column(batch, column);
      const text = detect === 'never' ? undefined : utf8Column(batch, 'text');
      for (let i = 0; i < batch.numRows; i++) {
        if (drop[i] !== 0) continue;
        let reason: number;
        if (given !== undefined && (given.valid === undefined || given.valid[i] === 1)) {
          reason = kept.find(given.values, given.offsets[i]!, given.offsets[i + 1]!) >= 0 ? -1 : OTHER;
        } else reason = text === undefined ? NULL : identified(text, i);
        if (reason >= 0) drop[i] = firstCode + reason;
      }
    },
  };
}
