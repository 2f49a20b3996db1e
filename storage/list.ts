import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { glob } from 'tinyglobby';
import { InputError } from '../schemas/errors.js';
import { hasSuffix, printable } from './names.js';
import type { ListOptions, StorageEntry } from './storage.js';

/** Characters that make a path segment a pattern rather than a name. */
const MAGIC = /[*?[\]{}()!+@\\]/;

type Found = 'file' | 'folder' | undefined;

async function kindOf(path: string): Promise<Found> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : undefined;
  } catch {
    return undefined;
  }
}

/** The folder that a glob starts from, and the rest of it. */
function parted(pattern: string): { readonly base: string; readonly rest: string } {
  const segments = pattern.split('/');
  const first = segments.findIndex((s) => MAGIC.test(s));
  if (first <= 0) return { base: pattern.startsWith('/') && first === 0 ? '/' : '.', rest: pattern };
  return { base: segments.slice(0, first).join('/') || '/', rest: segments.slice(first).join('/') };
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    if ((await kindOf(at)) === 'folder') return at;
    if (dirname(at) === at) return at;
  }
}

async function matches(pattern: string, suffixes: readonly string[] | undefined): Promise<string[]> {
  const kind = await kindOf(pattern);
  if (kind === 'file') return [pattern];
  const options = { onlyFiles: true, expandDirectories: false, followSymbolicLinks: true } as const;
  if (kind === 'folder') {
    const all = await glob('**/*', { ...options, cwd: pattern, dot: false, ignore: ['**/_*', '**/_*/**'] });
    const kept = suffixes === undefined ? all : all.filter((p) => hasSuffix(p, suffixes));
    return kept.map((p) => join(pattern, p));
  }
  const { base, rest } = parted(pattern);
  if (!MAGIC.test(rest) || (await kindOf(base)) !== 'folder') return [];
  return (await glob(rest, { ...options, cwd: base })).map((p) => join(base, p));
}

/** Lists local files; see `Storage.list`. A path that exists is taken as it is, whatever characters it has. */
export async function* listPatterns(
  patterns: readonly string[],
  { suffixes }: ListOptions = {},
): AsyncGenerator<StorageEntry> {
  const seen = new Set<string>();
  for (const pattern of patterns) {
    const paths = await matches(pattern, suffixes);
    if (paths.length === 0) {
      const folder = (await kindOf(pattern)) === 'folder';
      const nearest = await nearestFolder(folder ? pattern : parted(pattern).base);
      throw new InputError('input files', {
        file: printable(pattern),
        expected: folder && suffixes !== undefined ? `files that end in ${suffixes.join(', ')}` : 'at least one file',
        got: 'none',
        hint: folder ? undefined : `The nearest folder that exists is ${printable(nearest)}.`,
      });
    }
    for (const path of paths.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
      const key = resolve(path);
      if (seen.has(key)) continue;
      seen.add(key);
      const { size, mtime } = await stat(path);
      yield { path, bytes: size, modified: mtime };
    }
  }
}
