/** Google Cloud Storage, by its JSON API. */
import type { ByteSource } from '../../schemas/bytes.js';
import { ChangedError, InputError } from '../../schemas/errors.js';
import { inParallel } from '../in-parallel.js';
import { printable } from '../names.js';
import { DEFAULT_RETRIES } from '../retry.js';
import type { ListOptions, ObjectStorage, StorageEntry } from '../storage.js';
import { readWhole } from '../whole.js';
import { type GcsOptions, gcsHttp } from './http.js';
import { folderListing, type GcsName, gcsPath, globListing, parseGcs } from './names.js';
import { type GcsObject, gcsObjects } from './objects.js';
import { gcsSink } from './sink.js';
import { gcsSource, type Pinned } from './source.js';

/** Another server than Google's, such as an emulator. */
export const ENDPOINT_VARIABLE = 'M4_BALANCE_GCS_ENDPOINT';

const CHUNK_BYTES = 8 << 20;
const BLOCK_BYTES = 8 << 20;
/** Sources remembered, so that what was learnt of a file (a footer) is found again. */
const REMEMBERED_SOURCES = 64;
/** Objects removed at a time. */
const REMOVED_AT_ONCE = 16;

const byPath = (a: StorageEntry, b: StorageEntry) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** Objects behind gs:// URLs. No request is made, and no credentials are looked for, before something is asked. */
export function gcsStorage(given: Partial<GcsOptions> = {}): ObjectStorage {
  const options = { retries: DEFAULT_RETRIES, chunkBytes: CHUNK_BYTES, blockBytes: BLOCK_BYTES, ...given };
  const http = gcsHttp(options);
  const objects = gcsObjects(http);
  const sources = new Map<string, ByteSource>();

  /** Throws an InputError for a path that names a bucket only. */
  const objectAt = (path: string): GcsName => {
    const name = parseGcs(path);
    if (name.object !== '' && !name.object.endsWith('/')) return name;
    throw new InputError('path', { file: printable(path), expected: 'gs://bucket/object', got: 'a folder' });
  };
  const folderAt = (path: string): { bucket: string; prefix: string } => {
    const { bucket, object } = parseGcs(path);
    return { bucket, prefix: object === '' || object.endsWith('/') ? object : `${object}/` };
  };
  const entryOf = (bucket: string, { name, bytes, created, generation }: GcsObject): StorageEntry => ({
    path: gcsPath({ bucket, object: name }),
    bytes,
    modified: created,
    version: generation,
  });
  const found = async (path: string): Promise<GcsObject> => {
    const object = await objects.find(objectAt(path));
    if (object !== undefined) return object;
    throw new InputError('open', { file: printable(path), expected: 'an object that exists', got: 'none' });
  };

  function sourceOf(path: string, pinned: Pinned): ByteSource {
    const key = `${pinned.generation} ${path}`;
    const source = sources.get(key) ?? gcsSource(http, objectAt(path), pinned, options);
    sources.delete(key);
    sources.set(key, source);
    for (const oldest of sources.keys()) {
      if (sources.size <= REMEMBERED_SOURCES) break;
      sources.delete(oldest);
    }
    return source;
  }

  /** A path that exists is taken as it is, whatever characters it has. */
  async function matches(pattern: string, { suffixes }: ListOptions): Promise<StorageEntry[]> {
    const { bucket, object } = parseGcs(pattern);
    const single = object === '' || object.endsWith('/') ? undefined : await objects.find({ bucket, object });
    if (single !== undefined) return [entryOf(bucket, single)];
    const listing = globListing(object) ?? folderListing(object, suffixes);
    const entries: StorageEntry[] = [];
    for await (const item of objects.list(bucket, listing)) {
      if (listing.matches(item.name)) entries.push(entryOf(bucket, item));
    }
    return entries.sort(byPath);
  }

  const open: ObjectStorage['open'] = async (path, pin) => {
    if (pin !== undefined) return sourceOf(path, { bytes: pin.bytes, generation: pin.version });
    return sourceOf(path, await found(path));
  };

  return {
    kind: 'objects',
    async *list(patterns, listOptions = {}) {
      const seen = new Set<string>();
      for (const pattern of patterns) {
        const entries = await matches(pattern, listOptions);
        if (entries.length === 0) {
          const { suffixes } = listOptions;
          const ending = suffixes === undefined ? '' : ` that ends in ${suffixes.join(', ')}`;
          throw new InputError('input files', {
            file: printable(pattern),
            expected: `at least one object${globListing(parseGcs(pattern).object) === undefined ? ending : ''}`,
            got: 'none',
          });
        }
        for (const entry of entries) {
          if (seen.has(entry.path)) continue;
          seen.add(entry.path);
          yield entry;
        }
      }
    },
    open,
    async create(path) {
      return gcsSink(http, objects, objectAt(path), options);
    },
    async readAll(path) {
      return readWhole(await open(path));
    },
    async createNew(path, bytes) {
      try {
        await objects.insert(objectAt(path), bytes, '0');
        return true;
      } catch (error) {
        if (error instanceof ChangedError) return false;
        throw error;
      }
    },
    async exists(path) {
      return (await objects.find(objectAt(path))) !== undefined;
    },
    async remove(path) {
      const { bucket, prefix } = folderAt(path);
      if (prefix === '') {
        const got = 'the whole bucket';
        throw new InputError('remove', { file: printable(path), expected: 'a file or folder of an output', got });
      }
      const name = parseGcs(path);
      const removals = (async function* () {
        if (!name.object.endsWith('/')) yield name;
        for await (const { name: object } of objects.list(bucket, { prefix, flat: false })) yield { bucket, object };
      })();
      await inParallel(removals, REMOVED_AT_ONCE, objects.remove);
    },
    async listFiles(directory) {
      const { bucket, prefix } = folderAt(directory);
      const entries: StorageEntry[] = [];
      for await (const item of objects.list(bucket, { prefix, flat: false })) entries.push(entryOf(bucket, item));
      return entries.sort(byPath);
    },
    async copy(from, to) {
      return (await objects.copy(objectAt(from), objectAt(to))).bytes;
    },
    async versionOf(path) {
      return (await objects.find(objectAt(path)))?.generation;
    },
    async replace(path, bytes, expected) {
      return (await objects.insert(objectAt(path), bytes, expected ?? '0')).generation;
    },
  };
}
