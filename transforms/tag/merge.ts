/** One attribute from the verdicts of several sources, and how often these agree. */
import type { MergeRule } from '../../schemas/attribute-config.js';
import { ABSENT, PRESENT, UNKNOWN } from '../../schemas/tags.js';

export interface Merging {
  readonly rule: MergeRule;
  /** [sources] of an attribute, above 0; read by the rule vote. */
  readonly weights: readonly number[];
  /** Sources that must know; where fewer do: unknown. */
  readonly minimum: number;
  /** Rule vote: the share of the weight of those that know which has to be exceeded. */
  readonly majority: number;
}

/**
 * Merges verdicts, each ABSENT, PRESENT or UNKNOWN, into one.
 *
 * agreement: what all that know say, unknown where they differ. priority: what the first that knows says. any: present where one
 * says so, else absent where one says so. vote: of the weight of those that know, the side that has more than `majority`;
 * unknown where neither has.
 * @param verdicts of a row, the attribute's sources from `start` on.
 */
export function mergeVerdicts(verdicts: Uint8Array, start: number, merging: Merging): number {
  const { rule, weights, minimum, majority } = merging;
  let first: number = UNKNOWN;
  let known = 0;
  let present = 0;
  let absent = 0;
  for (let i = 0; i < weights.length; i++) {
    const verdict = verdicts[start + i]!;
    if (verdict === UNKNOWN) continue;
    if (known === 0) first = verdict;
    known++;
    if (verdict === PRESENT) present += weights[i]!;
    else absent += weights[i]!;
  }
  if (known < Math.max(1, minimum)) return UNKNOWN;
  switch (rule) {
    case 'agreement':
      return present > 0 && absent > 0 ? UNKNOWN : first;
    case 'priority':
      return first;
    case 'any':
      return present > 0 ? PRESENT : ABSENT;
    case 'vote': {
      const needed = majority * (present + absent);
      if (present > needed) return PRESENT;
      return absent > needed ? ABSENT : UNKNOWN;
    }
  }
}

/**
 * Attributes [rows, m] from the verdicts of their sources [rows, sources in all], those of an attribute side by side.
 * @param mergings by attribute; undefined where its one source is the attribute.
 */
export function mergeSources(
  rows: number,
  verdicts: Uint8Array,
  mergings: readonly (Merging | undefined)[],
): Uint8Array {
  const counts = mergings.map((merging) => merging?.weights.length ?? 1);
  const width = counts.reduce((sum, count) => sum + count, 0);
  const m = mergings.length;
  const attributes = new Uint8Array(rows * m);
  let column = 0;
  mergings.forEach((merging, k) => {
    for (let row = 0, at = k, from = column; row < rows; row++, at += m, from += width) {
      attributes[at] = merging === undefined ? verdicts[from]! : mergeVerdicts(verdicts, from, merging);
    }
    column += counts[k]!;
  });
  return attributes;
}

/** Values that a verdict has. */
const VERDICTS = 3;
/** Cells of a pair of sources: the verdict of one times VERDICTS, plus that of the other. */
export const PAIR_CELLS = VERDICTS * VERDICTS;

export function pairCell(one: number, other: number): number {
  return one * VERDICTS + other;
}

/** Cells of the table of `countVerdicts`. */
export function verdictCells(sources: number): number {
  return sources * sources * PAIR_CELLS;
}

/**
 * Counts how often two sources say what: adds the rows to `table` [sources, sources, PAIR_CELLS], by both sources' numbers and
 * `pairCell` of their verdicts. Tables of parts of the rows add up.
 * @param verdicts [rows, width]; the attribute's sources begin at `column`.
 */
export function countVerdicts(
  table: Float64Array,
  verdicts: Uint8Array,
  rows: number,
  width: number,
  column: number,
  sources: number,
): void {
  for (let row = 0, from = column; row < rows; row++, from += width) {
    let cell = 0;
    for (let i = 0; i < sources; i++) {
      for (let j = 0; j < sources; j++, cell += PAIR_CELLS) {
        table[cell + pairCell(verdicts[from + i]!, verdicts[from + j]!)]!++;
      }
    }
  }
}
