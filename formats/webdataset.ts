/**
 * WebDataset shards (github.com/webdataset/webdataset, `tariterators.py`, version 1.0.2): files that follow one another under one key are a sample. A key is the
 * path up to the first dot of the file name, the rest is the extension.
 */
import type { RecordBatch } from 'apache-arrow';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import type { FilePlan } from '../schemas/split.js';
import type { BatchBuilder, WalkedColumn } from './batch-builder.js';
import { BATCH_BYTES, type Format } from './format.js';
import { type Compression, compressionOf, type Forward, forward } from './forward.js';
import { joinTypes, typeOfJson } from './inferred.js';
import { jsonFields } from './json-fields.js';
import { memberError, shownName, type TarMember, tarMembers } from './tar.js';
import { walkedFormat } from './walked-format.js';

/** The column of the samples' keys, as webdataset calls it. */
const KEY = '__key__';

/** Ends of extensions whose files are text. */
const TEXT: ReadonlySet<string> = new Set(['txt', 'text', 'transcript', 'caption', 'url', 'cls', 'id', 'json']);
/** Extensions whose file is an object with a column for each field. */
const JSON_EXTENSIONS: ReadonlySet<string> = new Set(['json', 'jsn']);

/** A JSON with the fields of a sample, at most. */
const MAXIMUM_JSON_BYTES = 4 << 20;
/** Columns of a shard, at most. */
const MAXIMUM_COLUMNS = 1024;

/** Key and extension of a member that belongs to a sample; undefined for stray files, and for webdataset's own, `__name__`. */
export function partsOf(name: string): { readonly key: string; readonly extension: string } | undefined {
  if (name.startsWith('__') && name.endsWith('__')) return undefined;
  const base = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', base);
  if (dot <= base || dot === name.length - 1) return undefined;
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}

interface Part extends TarMember {
  readonly key: string;
  readonly extension: string;
}

const isText = (extension: string) => TEXT.has(extension.slice(extension.lastIndexOf('.') + 1));

/** Name of the column of a field: its own, unless the sample has a file with this extension. */
const fieldColumn = (field: string, taken: (name: string) => boolean) =>
  field === KEY || taken(field) ? `json.${field}` : field;

async function open(source: ByteSource): Promise<Forward> {
  const head = await source.read(0, Math.min(2, source.bytes));
  const found: Compression | undefined = compressionOf(head);
  return forward(source, found === 'gzip' ? found : undefined);
}

/** Picks, of members in their order, those that belong to samples. Throws an InputError where two of a sample have one extension. */
function partPicker(file: Forward): (member: TarMember) => Part | undefined {
  let sample: string | undefined;
  const seen = new Set<string>();
  return ({ index, name, start, size }) => {
    const named = partsOf(name);
    if (named === undefined) return undefined;
    const { key, extension } = named;
    if (key !== sample) {
      sample = key;
      seen.clear();
    }
    if (seen.has(extension)) {
      const expected = 'each extension once in a sample';
      throw memberError(file.name, index, name, expected, `${shownName(extension)} again`);
    }
    seen.add(extension);
    if (seen.size > MAXIMUM_COLUMNS) {
      throw memberError(file.name, index, name, `at most ${MAXIMUM_COLUMNS} files in a sample`, 'more');
    }
    return { index, name, start, size, key, extension };
  };
}

/** All members of a file that is wanted no longer then. */
async function* membersOf(file: Forward): AsyncGenerator<readonly TarMember[]> {
  try {
    yield* tarMembers(file);
  } finally {
    await file.end();
  }
}

/** The bytes of a member; a promise of them only where they are not in memory yet. */
function bodyOf(file: Forward, { index, name, start, size }: Part): Uint8Array | Promise<Uint8Array> {
  return (
    file.held(start, size) ??
    file.take(start, size).then((body) => {
      if (body.length === size) return body;
      throw memberError(file.name, index, name, `${size} bytes`, `${body.length}: the file is cut off`);
    })
  );
}

/** Throws an InputError for a JSON that is too long to be read. */
function checkJson(file: Forward, { index, name, size }: Part): void {
  if (size <= MAXIMUM_JSON_BYTES) return;
  throw memberError(file.name, index, name, `a JSON of at most ${MAXIMUM_JSON_BYTES} bytes`, `${size} bytes`);
}

function fieldsOf(file: Forward, part: Part, body: Uint8Array): Map<string, unknown> {
  const fail = (expected: string, got: string) => memberError(file.name, part.index, part.name, expected, got);
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  try {
    return jsonFields(text);
  } catch (error) {
    throw fail('a JSON object', (error as Error).message);
  }
}

/** Walks over all headers and reads the small files with fields; of images not a byte is looked at. */
async function scan(source: ByteSource): Promise<FilePlan> {
  const file = await open(source);
  const types = new Map<string, string>([[KEY, 'Utf8']]);
  let rows = 0;
  let bytes = 0;
  let key: string | undefined;
  let extensions = new Set<string>();
  let fields: Map<string, unknown> | undefined;
  const widen = (name: string, type: string) => {
    const before = types.get(name);
    if (before === type) return;
    types.set(name, before === undefined ? type : joinTypes(before, type)!);
    if (types.size > MAXIMUM_COLUMNS) {
      const expected = `at most ${MAXIMUM_COLUMNS} extensions and fields`;
      throw new InputError('WebDataset', { file: source.name, expected, got: 'more' });
    }
  };
  const endSample = () => {
    for (const extension of extensions) widen(extension, isText(extension) ? 'Utf8' : 'Binary');
    for (const [field, value] of fields ?? [])
      widen(
        fieldColumn(field, (name) => extensions.has(name)),
        typeOfJson(value),
      );
  };
  const partOf = partPicker(file);
  for await (const run of membersOf(file)) {
    for (const member of run) {
      const part = partOf(member);
      if (part === undefined) continue;
      if (part.key !== key) {
        if (key !== undefined) endSample();
        key = part.key;
        extensions = new Set();
        fields = undefined;
        rows++;
      }
      bytes += part.size;
      if (JSON_EXTENSIONS.has(part.extension)) {
        checkJson(file, part);
        const body = bodyOf(file, part);
        fields = fieldsOf(file, part, body instanceof Uint8Array ? body : await body);
      } else extensions.add(part.extension);
    }
  }
  if (key !== undefined) endSample();
  if (rows === 0) {
    const expected = 'files that are called key.extension';
    throw new InputError('WebDataset', { file: source.name, expected, got: 'none' });
  }
  const columns = [...types].map(([name, type]) => ({ name, type, nullable: name !== KEY, inferred: true as const }));
  return { columns, groups: [{ rows, bytes }] };
}

async function* readSamples(source: ByteSource, batch: BatchBuilder, batchRows: number): AsyncGenerator<RecordBatch> {
  const column = new Map(batch.columns.map((c) => [c.name, c]));
  const keys = column.get(KEY)?.builder;
  const file = await open(source);
  let key: string | undefined;
  let extensions = new Set<string>();
  let fields: Map<string, unknown> | undefined;

  const add = ({ name, type, builder }: WalkedColumn, value: unknown) => {
    try {
      builder.add(value);
    } catch (error) {
      const place = `sample ${shownName(key ?? '')}, field ${shownName(name)}`;
      const expected = `${type}, as when the run was planned`;
      throw new InputError('WebDataset', { file: source.name, place, expected, got: (error as Error).message });
    }
  };
  /** What no file gave comes from the JSON. */
  const endSample = () => {
    for (const [field, value] of fields ?? []) {
      const name = fieldColumn(field, (n) => extensions.has(n));
      const found = column.get(name);
      if (found?.builder.rows === batch.rows) add(found, value);
    }
    keys?.add(key);
    batch.endRow();
  };
  const store = (part: Part, body: Uint8Array) => {
    if (JSON_EXTENSIONS.has(part.extension)) {
      fields = fieldsOf(file, part, body);
      return;
    }
    const found = column.get(part.extension)!;
    try {
      found.builder.addBytes(body, 0, body.length);
    } catch (error) {
      if (error instanceof InputError) throw error;
      const expected = `${found.type}, as when the run was planned`;
      throw memberError(file.name, part.index, part.name, expected, (error as Error).message);
    }
  };
  const partOf = partPicker(file);
  for await (const run of membersOf(file)) {
    for (const member of run) {
      const part = partOf(member);
      if (part === undefined) continue;
      if (part.key !== key) {
        if (key !== undefined) {
          endSample();
          if (batch.rows >= batchRows || batch.bytes >= BATCH_BYTES) yield batch.finish();
        }
        key = part.key;
        extensions = new Set();
        fields = undefined;
      }
      if (JSON_EXTENSIONS.has(part.extension)) checkJson(file, part);
      else {
        extensions.add(part.extension);
        if (part.extension === KEY || !column.has(part.extension)) continue;
      }
      const body = bodyOf(file, part);
      store(part, body instanceof Uint8Array ? body : await body);
    }
  }
  if (key !== undefined) endSample();
  if (batch.rows > 0) yield batch.finish();
}

/**
 * WebDataset's tar shards, plain or gzip: a shard is one group. Columns are `__key__`, one for each extension (text or binary), and one for each field of the `.json`.
 * Planning walks over all headers, so that rows, types and whatever is refused are known before a run begins.
 */
export const webdataset: Format = walkedFormat({
  name: 'webdataset',
  title: 'WebDataset',
  extensions: ['.tar', '.tar.gz', '.tgz'],
  scan,
  read: readSamples,
});
