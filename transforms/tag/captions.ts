/** Attributes and labels from captions: all lexicons over one text column, scanned together. */
import type { RecordBatch } from 'apache-arrow';
import { type Utf8Column, utf8Column } from './column.js';
import type { Lexicon } from './lexicon.js';
import { compileScanner, type Scanner } from './scanner.js';
import { OTHER, OWN, type TagSource } from './source.js';
import { compileSubstringScanner } from './substring-scanner.js';

export interface CaptionUse {
  readonly lexicon: Lexicon;
  /** Attributes of this lexicon: number of the attribute and the value that means present. */
  readonly attributes: readonly { readonly attribute: number; readonly value: string }[];
  /** Label number of each value, where the lexicon gives labels. */
  readonly labels: ReadonlyMap<string, number> | undefined;
}

/** What is found in a caption, and what each value found means. */
interface Compiled {
  readonly scanner: Scanner;
  /** [values]: -1 for none. */
  readonly labelOf: Int32Array;
  /** Evidence of value v is at `evidenceStarts[v] .. evidenceStarts[v + 1]`. */
  readonly evidenceStarts: Int32Array;
  readonly evidenceAttribute: Int32Array;
  readonly evidenceBit: Uint8Array;
}

function compiled(uses: readonly CaptionUse[]): Compiled {
  const lexicons = uses.map(({ lexicon }) => lexicon);
  const compile = lexicons.some(({ unspaced }) => unspaced) ? compileSubstringScanner : compileScanner;
  const scanner = compile(lexicons);
  const labelOf = Int32Array.from(scanner.values, ({ lexicon, value }) => uses[lexicon]!.labels?.get(value) ?? -1);
  const evidence = scanner.values.map(({ lexicon, value }) =>
    uses[lexicon]!.attributes.map((a) => ({ attribute: a.attribute, bit: a.value === value ? OWN : OTHER })),
  );
  const evidenceStarts = new Int32Array(evidence.length + 1);
  evidence.forEach((list, v) => {
    evidenceStarts[v + 1] = evidenceStarts[v]! + list.length;
  });
  const evidenceAttribute = Int32Array.from(evidence.flat(), ({ attribute }) => attribute);
  const evidenceBit = Uint8Array.from(evidence.flat(), ({ bit }) => bit);
  return { scanner, labelOf, evidenceStarts, evidenceAttribute, evidenceBit };
}

/**
 * A source over one text column. An attribute is present where terms of its value occur and of no other value of the lexicon,
 * absent where only others occur, unknown where both or neither do. A null caption says nothing. Terms are compiled, and the column is looked at, at the
 * first row that is asked about: of the sources of many languages most are asked about few.
 */
export function captionSource(column: string, uses: readonly CaptionUse[]): TagSource {
  let terms: Compiled | undefined;
  let begun: RecordBatch;
  let text: Utf8Column | undefined;
  return {
    columns: [column],
    compile() {
      terms ??= compiled(uses);
    },
    begin(batch: RecordBatch) {
      begun = batch;
      text = undefined;
    },
    tag(row, sink) {
      text ??= utf8Column(begun, column);
      if (text.valid !== undefined && text.valid[row] === 0) return;
      terms ??= compiled(uses);
      const { scanner, labelOf, evidenceStarts, evidenceAttribute, evidenceBit } = terms;
      const count = scanner.scan(text.values, text.offsets[row]!, text.offsets[row + 1]!);
      if (count === 0) return;
      const found = scanner.found;
      const base = row * sink.attributeCount;
      for (let i = 0; i < count; i++) {
        const value = found[i]!;
        if (labelOf[value]! >= 0) sink.push(labelOf[value]!);
        for (let e = evidenceStarts[value]!; e < evidenceStarts[value + 1]!; e++) {
          sink.attributes[base + evidenceAttribute[e]!]! |= evidenceBit[e]!;
        }
      }
    },
  };
}
