/** How much more often a word comes with an attribute than without it. */
import type { WordFigure } from '../../schemas/stats-report.js';
import type { ValueTable } from './value-table.js';

/** Words of the prior that is shared out as the words of both sides together are (Monroe et al.'s alpha_0); ours. */
const PRIOR_WORDS = 1000;

const decoder = new TextDecoder();

/** Rows in which an attribute is present, and absent. */
export interface SideCounts {
  readonly present: number;
  readonly absent: number;
}

export interface CountedWords {
  /** Captions behind the table. */
  readonly rows: number;
  /** In the order of their bytes; `sides(k)`: captions with the word by attribute k. */
  readonly words: readonly { readonly word: string; readonly sides: (k: number) => SideCounts }[];
}

/** What a table of `createWordTable` holds. */
export function countedWords(table: ValueTable): CountedWords {
  const words: CountedWords['words'][number][] = [];
  let rows = 0;
  for (const { value, blocks } of table.sums()) {
    const cells = blocks.get(0)!;
    const sides = (k: number) => ({ absent: cells[1 + 2 * k]!, present: cells[2 + 2 * k]! });
    if (value.length === 0) rows = cells[0]!;
    else words.push({ word: decoder.decode(value), sides });
  }
  return { rows, words };
}

/**
 * Log-odds of a word with an informative Dirichlet prior (Monroe, Colaresi, Quinn, Political Analysis 16 (2008) 372-403, equations 16 to
 * 22), the prior being PRIOR_WORDS words shared out as all words are. Counts are captions.
 */
export function wordFigure(word: string, { present, absent }: SideCounts, totals: SideCounts): WordFigure {
  const prior = (PRIOR_WORDS * (present + absent)) / (totals.present + totals.absent);
  const odds = (n: number, total: number) => Math.log((n + prior) / (total + PRIOR_WORDS - n - prior));
  const logOdds = odds(present, totals.present) - odds(absent, totals.absent);
  return { word, logOdds, z: logOdds / Math.sqrt(1 / (present + prior) + 1 / (absent + prior)), present, absent };
}
