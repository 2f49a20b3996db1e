import { fstatSync } from 'node:fs';
import { type FileHandle, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { createNew } from './create-new.js';
import { guarded, reason } from './guarded.js';
import { makeHandles } from './handles.js';
import { listPatterns } from './list.js';
import { createSink, flushFolder } from './local-sink.js';
import { checkOutputPath, printable } from './names.js';
import type { FolderStorage, StorageEntry } from './storage.js';
import { readWhole } from './whole.js';

/** Sources remembered, so that a file opened again and unchanged is the same object, and what was learnt of it (a footer) is found again. */
const REMEMBERED_SOURCES = 64;

/** fs.read takes a signed 32-bit length; larger ranges are read in steps of this many bytes. */
const MAXIMUM_READ_BYTES = 1 << 30;

const handles = makeHandles();
const sources = new Map<string, { readonly stamp: string; readonly source: ByteSource }>();

/** The local path of a `file:` URL or a plain path. */
export function localPath(path: string): string {
  if (path.startsWith('file:')) return fileURLToPath(path);
  if (path.includes('\0')) {
    throw new InputError('path', { file: printable(path), expected: 'a path', got: 'a zero byte in it' });
  }
  return path;
}

/** Fills `into` with what lies from byte `start` on. Resolves to the bytes read: fewer where the file ends before. */
async function readAll(handle: FileHandle, into: Uint8Array, start: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const count = Math.min(into.length - done, MAXIMUM_READ_BYTES);
    const { bytesRead } = await handle.read(into, done, count, start + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function sourceOf(path: string, bytes: number, modified: number): ByteSource {
  const name = printable(path);
  return {
    name,
    bytes,
    read(start, end, into) {
      if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= bytes)) {
        const got = `${start} to ${end}`;
        return Promise.reject(new InputError('read', { file: name, expected: `a range within ${bytes} bytes`, got }));
      }
      return guarded('read', path, `bytes ${start} to ${end}`, () =>
        handles.use(path, async (handle) => {
          const chunk = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
          const done = await readAll(handle, chunk, start);
          // What the system knows of an open file; the way to another thread and back would take many times as long.
          const now = fstatSync(handle.fd);
          if (now.size !== bytes || now.mtimeMs !== modified) {
            const got = now.size === bytes ? 'a file written to since' : `${now.size} bytes`;
            throw new InputError('file changed while it was read', {
              file: name,
              expected: `the ${bytes} bytes it had when it was opened`,
              got,
              hint: 'Run again when nothing writes to it.',
            });
          }
          if (done < chunk.length) {
            throw new InputError('short read', {
              file: name,
              expected: `${end - start} bytes from byte ${start}`,
              got: `${done}`,
            });
          }
          return chunk;
        }),
      );
    },
  };
}

async function openSource(given: string): Promise<ByteSource> {
  const path = resolve(localPath(given));
  return guarded('open', given, 'a readable file', async () => {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) {
      const got = found.isDirectory() ? 'a folder' : 'something else';
      throw new InputError('open', { file: printable(given), expected: 'a file', got });
    }
    const stamp = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
    const known = sources.get(path);
    sources.delete(path);
    if (known?.stamp === stamp) {
      sources.set(path, known);
      return known.source;
    }
    handles.forget(path);
    const { size, mtimeMs } = await handles.use(path, (handle) => handle.stat());
    const source = sourceOf(path, size, mtimeMs);
    sources.set(path, { stamp, source });
    for (const oldest of sources.keys()) {
      if (sources.size <= REMEMBERED_SOURCES) break;
      sources.delete(oldest);
    }
    return source;
  });
}

/** Another process may remove a file as its folder is listed. */
function goneIsNone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function walk(folder: string, into: StorageEntry[]): Promise<void> {
  for (const found of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, found.name);
    if (found.isDirectory()) {
      await walk(path, into);
    } else {
      const found = await stat(path).catch(goneIsNone);
      if (found !== undefined) into.push({ path, bytes: found.size, modified: found.mtime });
    }
  }
}

async function publish(from: string, to: string): Promise<void> {
  const source = localPath(from);
  const target = localPath(to);
  checkOutputPath(normalize(target).replace(/\/$/, ''));
  await guarded('publish', to, 'a folder that does not exist or is empty', async () => {
    if (!(await stat(source)).isDirectory()) {
      throw new InputError('publish', { file: printable(from), expected: 'a folder', got: 'a file' });
    }
    await mkdir(dirname(target), { recursive: true });
    // rmdir fails where anything is in it, and rename(2) of a folder onto an empty one is not portable.
    await rmdir(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') {
        throw new InputError('publish', {
          file: printable(to),
          expected: 'a folder that does not exist or is empty',
          got: 'a folder with files in it',
        });
      }
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(source, target);
    await flushFolder(dirname(resolve(target)));
  });
}

/** Files and folders of this machine: plain paths and `file:` URLs. */
export const localStorage: FolderStorage = {
  kind: 'folders',
  list: (patterns, options) => listPatterns(patterns.map(localPath), options),
  open: openSource,
  create: async (path) => createSink(localPath(path)),
  async readAll(path) {
    return readWhole(await openSource(path));
  },
  createNew: (path, bytes) => createNew(localPath(path), bytes),
  async exists(path) {
    return stat(localPath(path)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
        throw new InputError('path', { file: printable(path), expected: 'a path to look at', got: reason(error) });
      },
    );
  },
  async remove(path) {
    const target = resolve(localPath(path));
    if (target === resolve('/') || target === process.cwd()) {
      throw new InputError('remove', {
        file: printable(path),
        expected: 'a file or folder of an output',
        got: 'the root or the working directory',
      });
    }
    await guarded('remove', path, 'a file or folder that can be removed', () =>
      rm(target, { recursive: true, force: true }),
    );
  },
  async rename(from, to) {
    const target = localPath(to);
    checkOutputPath(target);
    await guarded('rename', to, 'a name on the same file system', async () => {
      await mkdir(dirname(target), { recursive: true });
      await rename(localPath(from), target);
      await flushFolder(dirname(resolve(target)));
    });
  },
  publish,
  async listFiles(directory) {
    const folder = localPath(directory);
    const found: StorageEntry[] = [];
    await guarded('list', directory, 'a readable folder', async () => {
      await walk(folder, found).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' || error.path !== folder) throw error;
      });
    });
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  },
};
