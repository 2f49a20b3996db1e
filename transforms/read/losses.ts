/**
 * Rows that some pass could not read. Passes read different columns, so one may fail where another did not; every pass must then
 * go without those rows. They are kept in the staging folder, and what is in them is read by none.
 */
import { storageFor } from '../../storage/index.js';
import { saveBytes, workPath } from './job.js';
import { type InputPlan, splitsOf } from './plan.js';

/** Rows that could not be read. */
export interface Unreadable {
  readonly firstRow: number;
  readonly rows: number;
  readonly file: string;
  readonly reason: string;
}

const LOSSES = 'losses.json';

export async function saveLosses(staging: string, losses: readonly Unreadable[]): Promise<void> {
  await saveBytes(workPath(staging, LOSSES), Buffer.from(JSON.stringify(losses)));
}

/** Losses of earlier passes; none where nothing was lost. */
export async function loadLosses(staging: string): Promise<Unreadable[]> {
  const path = workPath(staging, LOSSES);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return [];
  return JSON.parse(new TextDecoder().decode(await storage.readAll(path)));
}

/** Number of rows that could not be read. */
export function unreadableRows(unreadable: readonly Unreadable[]): number {
  return unreadable.reduce((sum, u) => sum + u.rows, 0);
}

/** Ordinal of a split: its rows from the first that was lost to its end. Pieces of one split may come from several shards. */
export function lossesBySplit(plan: InputPlan, losses: readonly Unreadable[]): Map<number, Unreadable> {
  const bySplit = new Map<number, Unreadable>();
  if (losses.length === 0) return bySplit;
  const sorted = [...losses].sort((a, b) => a.firstRow - b.firstRow);
  let at = 0;
  for (const { ordinal, firstRow, rows } of splitsOf(plan)) {
    const end = firstRow + rows;
    while (at < sorted.length && sorted[at]!.firstRow < firstRow) at++;
    const loss = sorted[at];
    if (loss !== undefined && loss.firstRow < end) bySplit.set(ordinal, { ...loss, rows: end - loss.firstRow });
  }
  return bySplit;
}
