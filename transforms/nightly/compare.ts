/** What is new: the files of each night against those that the ledger has. A pure function. */
import type { InputFile, Ledger } from '../../schemas/nightly.js';

/** A night's files as they are now; none where there are none, or the night is not whole yet. */
export interface FoundNight {
  readonly night: string;
  readonly inputs: readonly InputFile[];
  /** Why the night does not count yet; undefined where it does. */
  readonly waiting?: string;
}

/** How a night differs from what the ledger has. */
export interface NightChange {
  readonly night: string;
  readonly inputs: readonly InputFile[];
  readonly kind: 'new' | 'changed' | 'removed';
  readonly added: readonly string[];
  readonly replaced: readonly string[];
  readonly removed: readonly string[];
}

export interface Compared {
  /** In the order of the nights. */
  readonly changes: readonly NightChange[];
  /** Nights of the ledger whose files are as they were. */
  readonly same: readonly string[];
  /** Nights without files that lie between others. */
  readonly missing: readonly string[];
  readonly waiting: readonly { readonly night: string; readonly reason: string }[];
}

const keyOf = ({ path, bytes, stamp }: InputFile) => JSON.stringify([path, bytes, stamp]);

/** Whether two lists have the same files, whatever their order. */
export function sameInputs(a: readonly InputFile[], b: readonly InputFile[]): boolean {
  const known = new Set(a.map(keyOf));
  return a.length === b.length && b.every((file) => known.has(keyOf(file)));
}

/** Files of one night: before, as the ledger has them, and now. */
function changeOf(night: string, before: readonly InputFile[] | undefined, now: readonly InputFile[]): NightChange {
  const old = new Map((before ?? []).map((file) => [file.path, file]));
  const paths = new Set(now.map(({ path }) => path));
  return {
    night,
    inputs: now,
    kind: before === undefined ? 'new' : now.length === 0 ? 'removed' : 'changed',
    added: now.filter(({ path }) => !old.has(path)).map(({ path }) => path),
    replaced: now.filter((file) => old.has(file.path) && keyOf(old.get(file.path)!) !== keyOf(file)).map((f) => f.path),
    removed: [...old.keys()].filter((path) => !paths.has(path)),
  };
}

/**
 * Compares what was found with the ledger. A night that is not whole counts as it was; one that a person skipped counts as soon as its
 * files are others than those that were skipped.
 */
export function compareNights(
  found: readonly FoundNight[],
  ledger: Pick<Ledger, 'nights' | 'skipped'> | undefined,
): Compared {
  const known = new Map((ledger?.nights ?? []).map((entry) => [entry.night, entry.inputs]));
  const skipped = new Map((ledger?.skipped ?? []).map((entry) => [entry.night, entry.inputs]));
  const changes: NightChange[] = [];
  const same: string[] = [];
  const waiting: { night: string; reason: string }[] = [];
  const missing: string[] = [];
  const filled = found.filter(({ inputs }) => inputs.length > 0).map(({ night }) => night);
  const [first, last] = [filled[0] ?? '', filled.at(-1) ?? ''];
  for (const { night, inputs, waiting: reason } of found) {
    const before = known.get(night);
    if (reason !== undefined) {
      waiting.push({ night, reason });
      if (before !== undefined) same.push(night);
      continue;
    }
    if (inputs.length === 0 && before === undefined) {
      if (night > first && night < last && !skipped.has(night)) missing.push(night);
      continue;
    }
    const left = skipped.get(night);
    if (left !== undefined && sameInputs(left, inputs)) continue;
    if (before !== undefined && sameInputs(before, inputs)) same.push(night);
    else changes.push(changeOf(night, before, inputs));
  }
  return { changes, same, missing, waiting };
}
