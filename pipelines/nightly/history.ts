/** Runs that were in use, and going back to one. */
import { InputError } from '../../schemas/errors.js';
import { type Figures, RUN_NAME } from '../../schemas/nightly.js';
import { storageFor } from '../../storage/index.js';
import { manifestPath } from '../../transforms/write/finished.js';
import { readLatest, readLedger, runFolder, switchTo } from './latest.js';
import { takeLock } from './lock.js';

export interface HistoryEntry {
  readonly number: number;
  readonly run: string;
  readonly at: string;
  readonly kind: 'publish' | 'rollback';
  readonly inUse: boolean;
  /** undefined: retention has removed the run. */
  readonly figures: Figures | undefined;
}

const isThere = (root: string, run: string) => storageFor(root).exists(manifestPath(runFolder(root, run)));

/** Every switch, the latest first. Throws InputError where nothing was ever published. */
export async function nightlyHistory(root: string): Promise<HistoryEntry[]> {
  const { latest } = await readLatest(root);
  if (latest === undefined) {
    throw new InputError('history', { file: root, expected: 'the output.directory of nightly', got: 'no latest.json' });
  }
  const entries: HistoryEntry[] = [];
  for (const entry of [...latest.history].reverse()) {
    const figures = (await isThere(root, entry.run)) ? (await readLedger(root, entry.run)).figures : undefined;
    entries.push({ ...entry, inUse: entry.number === latest.history.at(-1)!.number, figures });
  }
  return entries;
}

/** How long a rollback may hold the lock without a sign of life, in seconds; it takes milliseconds. */
const LEASE = 60;

/**
 * Puts an earlier run in use. The next night goes on from that run: nights that it does not have count as new. Throws InputError where
 * the run is not there, or files that it lists are gone; LockedError where another is at work.
 */
export async function rollback(
  root: string,
  run: string,
  now: Date = new Date(),
): Promise<{ run: string; from: string }> {
  if (!RUN_NAME.test(run)) {
    throw new InputError('rollback', { expected: 'the name of a run as 2026-11-23T03-00Z', got: run });
  }
  let lost: Error | undefined;
  const lock = await takeLock(root, LEASE, (error) => {
    lost = error;
  });
  try {
    const inUse = await readLatest(root);
    const { nights } = await readLedger(root, run);
    for (const other of new Set(nights.map((night) => night.run))) {
      if (await isThere(root, other)) continue;
      const got = `none of run ${other}, whose files it lists: retention has removed them`;
      throw new InputError('rollback', { file: runFolder(root, run), expected: 'every file of the run', got });
    }
    if (lost !== undefined) throw lost;
    const from = inUse.latest?.run ?? '';
    await switchTo(root, { run, at: now, kind: 'rollback' }, inUse, lock);
    return { run, from };
  } finally {
    await lock.release();
  }
}
