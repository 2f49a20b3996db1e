/**
 * Verdicts on whole splits as files of the staging folder: the first pass leaves them, so that the second neither filters nor tags again. Where one is
 * not there, rows are filtered and tagged once more, and come out the same.
 */
import type { Split } from '../../schemas/split.js';
import { storageFor } from '../../storage/index.js';
import { saveBytes, workPath } from '../read/job.js';
import type { InputPlan } from '../read/plan.js';
import { splitsOf } from '../read/plan.js';
import { splitAt } from '../read/reader.js';
import {
  concatVerdicts,
  decodeVerdicts,
  encodeVerdicts,
  type Verdicts,
  verdictBytes,
  verdictCutter,
} from './verdicts.js';

/** Of one split, at most: what would take more memory is found out again. */
const SPLIT_BYTES = 32 * 2 ** 20;

const pathOf = (staging: string, ordinal: number) => workPath(staging, 'verdicts', String(ordinal));

/** Takes the verdicts on the splits of a bundle, each batch by batch. */
export interface VerdictWriter {
  add(split: Split, verdicts: Verdicts): void;
  /** Waits until the files are there. A split of which not every row was added has none. */
  close(): Promise<void>;
}

export function verdictWriter(staging: string): VerdictWriter {
  const writing: Promise<void>[] = [];
  let current: { readonly ordinal: number; readonly parts: Verdicts[]; rows: number; bytes: number } | undefined;
  return {
    add(split, verdicts) {
      if (current?.ordinal !== split.ordinal) current = { ordinal: split.ordinal, parts: [], rows: 0, bytes: 0 };
      current.rows += verdicts.drop.length;
      current.bytes += verdictBytes(verdicts);
      if (current.bytes > SPLIT_BYTES) current.parts.length = 0;
      else current.parts.push(verdicts);
      if (current.rows < split.rows || current.bytes > SPLIT_BYTES) return;
      const saved = saveBytes(pathOf(staging, split.ordinal), encodeVerdicts(concatVerdicts(current.parts)));
      // Whoever closes is told.
      saved.catch(() => undefined);
      writing.push(saved);
      current = undefined;
    },
    async close() {
      await Promise.all(writing.splice(0));
    },
  };
}

/** Gives the verdicts on rows `[from, to)` (global row numbers) of one split; undefined where they were not kept. */
export type FindVerdicts = (from: number, to: number) => Promise<Verdicts | undefined>;

export function verdictReader(staging: string, plan: InputPlan): FindVerdicts {
  const splits = [...splitsOf(plan)];
  let open: { readonly ordinal: number; readonly cut: ReturnType<typeof verdictCutter> | undefined } | undefined;
  return async (from, to) => {
    const split = splits[splitAt(splits, from)]!;
    if (open?.ordinal !== split.ordinal) {
      const path = pathOf(staging, split.ordinal);
      const storage = storageFor(path);
      const found = (await storage.exists(path)) ? decodeVerdicts(await storage.readAll(path), split.rows) : undefined;
      open = { ordinal: split.ordinal, cut: found && verdictCutter(found) };
    }
    return open.cut?.(from - split.firstRow, to - split.firstRow);
  };
}
