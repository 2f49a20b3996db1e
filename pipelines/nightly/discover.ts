/** Which files each night has now: by a path with its date, a marker that says it is whole, or a manifest that lists it; or which tables. */
import { DATA_SUFFIXES } from '../../formats/index.js';
import type { Config } from '../../schemas/config.js';
import { InputError, StorageError } from '../../schemas/errors.js';
import type { InputFile } from '../../schemas/nightly.js';
import { absolutePath, inParallel, outputPath, type StorageEntry, storageFor } from '../../storage/index.js';
import type { FoundNight } from '../../transforms/nightly/compare.js';
import { forNight } from '../../transforms/nightly/nights.js';

/** Nights looked at at a time. */
const AT_ONCE = 8;

/** Files of every night, in the order given. Throws InputError for a manifest that is none, or a table that has no nights. */
export async function findNights(config: Config, nights: readonly string[]): Promise<FoundNight[]> {
  const { bigquery, files = [] } = config.input;
  const look =
    bigquery === undefined
      ? async (night: string): Promise<FoundNight> => ({ night, inputs: await listed([files].flat(), night) })
      : // Loaded where it is needed: nights of files do without.
        await (await import('./tables.js')).openNights(bigquery, nights);
  const found = new Array<FoundNight>(nights.length);
  await inParallel(nights.entries(), AT_ONCE, async ([i, night]) => {
    found[i] = await findNight(config, night, look);
  });
  return found;
}

/** `look`: what there is of a night, whole or not. */
async function findNight(
  { nightly }: Config,
  night: string,
  look: (night: string) => Promise<FoundNight>,
): Promise<FoundNight> {
  const { marker, manifest } = nightly;
  const none = (waiting: string): FoundNight => ({ night, inputs: [], waiting });
  if (marker !== undefined) {
    const path = forNight(marker, night);
    if (!(await storageFor(path).exists(path))) {
      const { inputs } = await look(night);
      return inputs.length === 0 ? { night, inputs: [] } : none(`there is no ${path} yet`);
    }
  }
  if (manifest !== undefined) return fromManifest(forNight(manifest, night), night);
  return look(night);
}

const inputOf = (entry: StorageEntry): InputFile => ({
  path: absolutePath(process.cwd(), entry.path),
  bytes: entry.bytes,
  stamp: entry.version ?? entry.modified?.toISOString() ?? '',
});

const byPath = (a: InputFile, b: InputFile) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

async function listed(patterns: readonly string[], night: string): Promise<InputFile[]> {
  const files = new Map<string, InputFile>();
  for (const pattern of patterns.map((text) => forNight(text, night))) {
    try {
      for await (const entry of storageFor(pattern).list([pattern], { suffixes: DATA_SUFFIXES })) {
        const input = inputOf(entry);
        files.set(input.path, input);
      }
    } catch (error) {
      // A listing refuses a pattern without a file; here that is a night without data.
      if (!(error instanceof InputError) || error instanceof StorageError) throw error;
    }
  }
  return [...files.values()].sort(byPath);
}

/** Paths, with their sizes where they are told. */
function parseManifest(text: string, path: string): { path: string; bytes?: number }[] {
  const refuse = (got: string) =>
    new InputError('manifest of a night', {
      file: path,
      expected: 'a path a line, or JSON {"files": ["a.parquet", {"path": "b.parquet", "bytes": 123}]}',
      got,
    });
  if (!/^\s*[{[]/.test(text)) {
    return text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => ({ path: line }));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  const files = Array.isArray(value) ? value : (value as { files?: unknown }).files;
  if (!Array.isArray(files)) throw refuse('JSON without a list of files');
  return files.map((file) => {
    if (typeof file === 'string') return { path: file };
    const { path: name, bytes } = (file ?? {}) as { path?: unknown; bytes?: unknown };
    if (typeof name !== 'string') throw refuse('a file without a path');
    return { path: name, ...(typeof bytes === 'number' ? { bytes } : {}) };
  });
}

async function fromManifest(path: string, night: string): Promise<FoundNight> {
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return { night, inputs: [] };
  const absolute = absolutePath(process.cwd(), path);
  const folder = absolute.slice(0, absolute.lastIndexOf('/'));
  const inputs: InputFile[] = [];
  for (const file of parseManifest(new TextDecoder().decode(await storage.readAll(path)), path)) {
    // What is written in a file leads nowhere but below it.
    const name = outputPath(
      folder,
      file.path.startsWith(`${folder}/`) ? file.path.slice(folder.length + 1) : file.path,
    );
    const [found] = await listed([name], night);
    if (found === undefined) return { night, inputs: [], waiting: `${name}, which ${path} lists, is not there yet` };
    if (file.bytes !== undefined && file.bytes !== found.bytes) {
      return { night, inputs: [], waiting: `${name} has ${found.bytes} bytes of the ${file.bytes} that ${path} tells` };
    }
    inputs.push(found);
  }
  return { night, inputs: inputs.sort(byPath) };
}
