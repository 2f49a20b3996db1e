/** near: near duplicates of real captions, against datasketch, and both against the similarity of every pair. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bandsFor } from '../transforms/filter/minhash.js';
import type { NearRule } from '../transforms/filter/near.js';
import { readTexts } from './caption-rows.js';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { type Outcome, speedRatio } from './figures.js';
import { cacheFolder, needFile, type Options } from './options.js';

/** What the contestants are asked for, and what is right. */
export interface NearTruth extends NearRule {
  /** Rows after a similar one, by every pair. */
  readonly rows: readonly number[];
  readonly bands: number;
  readonly bandRows: number;
}

const RULES: readonly NearRule[] = [
  { similarity: 0.8, shingle: 3 },
  { similarity: 0.7, shingle: 1 },
];

/** By the shingles that each two captions share, counted one by one. */
function nearRows(texts: readonly string[], { similarity, shingle }: NearRule): number[] {
  const rowsWith = new Map<string, number[]>();
  const sizes = new Int32Array(texts.length);
  const shared = new Int32Array(texts.length);
  return texts.flatMap((text, row) => {
    const words = text.toLowerCase().match(/[\p{L}\p{N}\p{M}_]+/gu) ?? [];
    const width = Math.min(shingle, words.length);
    const set = new Set(words.slice(width - 1).map((_, i) => words.slice(i, i + width).join(' ')));
    sizes[row] = set.size;
    shared.fill(0, 0, row);
    for (const each of set) {
      const rows = rowsWith.get(each) ?? [];
      for (const other of rows) shared[other]++;
      rows.push(row);
      rowsWith.set(each, rows);
    }
    for (let other = 0; other < row; other++) {
      const both = shared[other]!;
      if (both > 0 && both / (sizes[other]! + set.size - both) >= similarity) return [row];
    }
    return [];
  });
}

export async function near(options: Options): Promise<Outcome> {
  const file = needFile(options.captions, 'captions');
  const texts = await readTexts(file);
  const entries: Outcome['entries'][number][] = [];
  const ratios: Outcome['ratios'][number][] = [];
  const notes: string[] = [];
  for (const rule of RULES) {
    const { bands, rows: bandRows } = bandsFor(rule.similarity);
    const truth: NearTruth = { ...rule, rows: nearRows(texts, rule), bands, bandRows };
    const path = join(cacheFolder(options, 'near'), `near-${rule.similarity}-${rule.shingle}.json`);
    writeFileSync(path, JSON.stringify(truth));
    const what = `${rule.similarity}, ${rule.shingle}`;
    const { entries: found, absent } = await contest(
      [
        () => startNode(`m4-balance, ${what}`, 'near-captions.js', file, path),
        () => startPython(`datasketch, ${what}`, 'near_datasketch.py', file, path, 'usual'),
        () => startPython(`and compared, ${what}`, 'near_datasketch.py', file, path, 'compared'),
      ],
      options.runs,
    );
    const [ours, ...peers] = found;
    entries.push(...found);
    ratios.push(...peers.map((peer) => speedRatio(ours!, peer, 1)));
    notes.push(
      ...absent,
      `Of similarity ${rule.similarity}, shingles of ${rule.shingle}: ${truth.rows.length} rows, by every pair.`,
    );
  }
  return { title: `near duplicates of ${texts.length} captions in memory`, entries, ratios, notes };
}
