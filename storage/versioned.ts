import { storageFor } from './index.js';

/** A file that others may replace as a whole. */
export interface Versioned {
  /** undefined: there is no such file. */
  readonly bytes: Uint8Array | undefined;
  /** On object storage, what `replace` takes: of these bytes or, where the file was replaced meanwhile, of older ones. */
  readonly version: string | undefined;
}

/** The whole file with its version. Throws an InputError where it is there and cannot be read. */
export async function readVersioned(path: string): Promise<Versioned> {
  const storage = storageFor(path);
  // The version first: where the file changes between the two, the version that is expected is the older one.
  const version = storage.kind === 'objects' ? await storage.versionOf(path) : undefined;
  const there = storage.kind === 'objects' ? version !== undefined : await storage.exists(path);
  return { bytes: there ? await storage.readAll(path) : undefined, version };
}
