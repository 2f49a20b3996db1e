import { type FileHandle, open } from 'node:fs/promises';

/** Files kept open at most; a third of the usual soft limit of 256 on macOS, and far below Linux's 1,024. */
export const MAXIMUM_OPEN_FILES = 64;

interface Entry {
  readonly handle: Promise<FileHandle>;
  users: number;
  evicted: boolean;
}

/** Open read-only file descriptors, least recently used first. A descriptor in use is never closed under its reader. */
export interface Handles {
  use<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T>;
  /** Forgets a path, so that its next use opens it again. */
  forget(path: string): void;
  readonly size: number;
}

/** A bounded cache of file descriptors; `limit` counts those kept, readers at work may hold a few more. */
export function makeHandles(limit: number = MAXIMUM_OPEN_FILES): Handles {
  const entries = new Map<string, Entry>();
  const close = (entry: Entry) => entry.handle.then((handle) => handle.close()).catch(() => undefined);
  const evict = (path: string, entry: Entry) => {
    if (entries.get(path) === entry) entries.delete(path);
    entry.evicted = true;
    if (entry.users === 0) void close(entry);
  };
  return {
    async use(path, work) {
      const entry = entries.get(path) ?? { handle: open(path, 'r'), users: 0, evicted: false };
      entries.delete(path);
      entries.set(path, entry);
      entry.users++;
      for (const [oldest, candidate] of entries) {
        if (entries.size <= limit) break;
        if (candidate !== entry) evict(oldest, candidate);
      }
      try {
        return await work(await entry.handle);
      } catch (error) {
        evict(path, entry);
        throw error;
      } finally {
        entry.users--;
        if (entry.evicted && entry.users === 0) void close(entry);
      }
    },
    forget(path) {
      const entry = entries.get(path);
      if (entry !== undefined) evict(path, entry);
    },
    get size() {
      return entries.size;
    },
  };
}
