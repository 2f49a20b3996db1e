/** What runs that died have left beside an output, and its removal. A finished output, and what a live run is at work on, stay. */
import { InputError } from '../schemas/errors.js';
import { absolutePath, below, nameBelow, printable, type StorageEntry, storageFor } from '../storage/index.js';
import { ATTEMPT_NAME, readPublished } from '../transforms/write/finished.js';
import { findOwner, type Owner, ownPartial, stateOf } from './owner.js';
import { partialOf } from './prepare.js';
import { restoreReplaced } from './staging.js';

export interface Leftover {
  /** A folder. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  readonly what: 'an unfinished run' | 'files of a run that is not published';
}

export interface Leftovers {
  readonly directory: string;
  /** Whoever left an unfinished run. `elsewhere`: of another machine, so that nothing can be known of it. */
  readonly owner?: Owner & { readonly state: ReturnType<typeof stateOf> };
  readonly leftovers: readonly Leftover[];
}

function summed(path: string, what: Leftover['what'], entries: readonly StorageEntry[]): Leftover[] {
  if (entries.length === 0) return [];
  return [{ path, what, files: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) }];
}

/**
 * On object storage, folders of attempts below the output that its manifest does not list: of a commit that was killed before its end, or of
 * a run that was replaced and whose removal was.
 */
async function unpublished(directory: string): Promise<Leftover[]> {
  const storage = storageFor(directory);
  if (storage.kind === 'folders') return [];
  const folders = new Map<string, StorageEntry[]>();
  for (const entry of await storage.listFiles(directory)) {
    const folder = nameBelow(directory, entry.path).split('/')[0]!;
    if (ATTEMPT_NAME.test(folder)) folders.set(folder, [...(folders.get(folder) ?? []), entry]);
  }
  if (folders.size === 0) return [];
  const { manifest } = await readPublished(directory);
  for (const { path } of manifest?.files ?? []) folders.delete(path.split('/')[0]!);
  return [...folders].flatMap(([folder, entries]) =>
    summed(below(directory, folder), 'files of a run that is not published', entries),
  );
}

/** Reads only. Throws InputError where the output's manifest cannot be read. */
export async function findLeftovers(given: string): Promise<Leftovers> {
  const directory = absolutePath(process.cwd(), given);
  const partial = partialOf(directory);
  const owner = await findOwner(partial);
  const leftovers = [
    ...summed(partial, 'an unfinished run', await storageFor(partial).listFiles(partial)),
    ...(await unpublished(directory)),
  ];
  return { directory, leftovers, ...(owner && { owner: { ...owner, state: stateOf(owner) } }) };
}

/**
 * Removes what `findLeftovers` finds. Throws InputError, and removes nothing, where a live process is at work, or, without `force`, one
 * of another machine may be.
 */
export async function removeLeftovers(given: string, force: boolean): Promise<Leftovers> {
  const found = await findLeftovers(given);
  const { directory, owner, leftovers } = found;
  if (leftovers.length === 0) return found;
  const partial = partialOf(directory);
  if (owner !== undefined && (owner.state === 'alive' || (owner.state === 'elsewhere' && !force))) {
    throw new InputError('clean', {
      file: printable(partial),
      expected: 'what a dead run has left',
      got: `what belongs to process ${owner.pid} of ${owner.host}${owner.state === 'alive' ? ', which is at work' : ''}`,
      hint:
        owner.state === 'alive'
          ? 'Wait for it, or stop it.'
          : 'Whether it lives cannot be seen from here: look there, and then use --force.',
    });
  }
  // A run that begins meanwhile is told of us, or we of it.
  await ownPartial(partial);
  await restoreReplaced(partial, directory);
  for (const { path } of leftovers) if (path !== partial) await storageFor(path).remove(path);
  await storageFor(partial).remove(partial);
  return found;
}
