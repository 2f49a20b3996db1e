import { resolve } from 'node:path';
import { InputError } from '../schemas/errors.js';
import { localStorage } from './local.js';
import { printable } from './names.js';
import type { Storage } from './storage.js';

export { outputPath, printable } from './names.js';
export type { ListOptions, Storage, StorageEntry } from './storage.js';

/** Storages by URL scheme; a path without a scheme is a local file. A new storage is one file and one line here. */
const storages: Readonly<Record<string, Storage>> = {
  file: localStorage,
};

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** A path as it is elsewhere: where it is relative, it starts in `folder`. URLs stay. */
export function absolutePath(folder: string, path: string): string {
  return SCHEME.test(path) ? path : resolve(folder, path);
}

/** The storage that a path, folder, glob or URL belongs to. Throws an InputError for a scheme that is not supported. */
export function storageFor(path: string): Storage {
  const scheme = SCHEME.exec(path)?.[1]?.toLowerCase() ?? 'file';
  const storage = Object.hasOwn(storages, scheme) ? storages[scheme] : undefined;
  if (storage !== undefined) return storage;
  throw new InputError(`${scheme}:// is not supported in this version`, {
    file: printable(path),
    expected: 'a path of this machine',
    got: `a ${scheme}:// URL`,
    hint: 'Copy the files here first, or mount the bucket as a folder.',
  });
}
