import { join, relative, resolve, sep } from 'node:path';
import { InputError } from '../schemas/errors.js';
import { ENDPOINT_VARIABLE, gcsStorage } from './gcs/gcs.js';
import { localStorage } from './local.js';
import { printable } from './names.js';
import type { Storage } from './storage.js';

export { inParallel } from './in-parallel.js';
export { outputPath, printable } from './names.js';
export type { FolderStorage, ListOptions, ObjectStorage, Pin, Storage, StorageEntry } from './storage.js';
export { pinOf } from './storage.js';

/** Storages by URL scheme; a path without a scheme is a local file. A new storage is one file and one line here. */
const storages: Readonly<Record<string, () => Storage>> = {
  file: () => localStorage,
  gs: () => {
    googleStorage ??= gcsStorage({ endpoint: process.env[ENDPOINT_VARIABLE] || undefined });
    return googleStorage;
  },
};
let googleStorage: Storage | undefined;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** A path as it is elsewhere: where it is relative, it starts in `folder`. URLs stay. */
export function absolutePath(folder: string, path: string): string {
  return SCHEME.test(path) ? path : resolve(folder, path);
}

/** The path of a file or folder below a folder, which may be a URL. `names` are ours: those that come from data go by `outputPath`. */
export function below(folder: string, ...names: string[]): string {
  return SCHEME.test(folder) ? [folder.replace(/\/+$/, ''), ...names].join('/') : join(folder, ...names);
}

/** What `below` was given: the path of a file that was listed below a folder, relative to it, with forward slashes. */
export function nameBelow(folder: string, path: string): string {
  if (SCHEME.test(folder)) return path.slice(below(folder, '').length);
  return relative(folder, path).replaceAll(sep, '/');
}

/** Beside a folder: its name with `suffix`. Throws an InputError for a bucket, which has no neighbours. */
export function beside(folder: string, suffix: string): string {
  if (!/^gs:\/\/[^/]*\/*$/i.test(folder)) return `${folder.replace(/\/+$/, '')}${suffix}`;
  throw new InputError('output', {
    file: printable(folder),
    expected: 'a folder in a bucket, gs://bucket/folder',
    got: 'a bucket',
  });
}

/** The storage that a path, folder, glob or URL belongs to. Throws an InputError for a scheme that is not supported. */
export function storageFor(path: string): Storage {
  const scheme = SCHEME.exec(path)?.[1]?.toLowerCase() ?? 'file';
  const storage = Object.hasOwn(storages, scheme) ? storages[scheme] : undefined;
  if (storage !== undefined) return storage();
  throw new InputError(`${scheme}:// is not supported in this version`, {
    file: printable(path),
    expected: 'a path of this machine, or gs://bucket/object',
    got: `a ${scheme}:// URL`,
    hint: 'Copy the files here first, or mount the bucket as a folder.',
  });
}
