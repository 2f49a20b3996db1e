import { type Data, Field, type RecordBatch, Schema, Type, Vector } from 'apache-arrow';
import { VectorLoader } from 'apache-arrow/visitor/vectorloader';
import type { ByteSource } from '../schemas/bytes.js';
import { arrowError, type Block, guarded, type Layout, readLayout } from './arrow-layout.js';
import { plainData, plainType } from './arrow-plain.js';
import { concatRanges } from './concat.js';
import { batchOf } from './data.js';
import type { Decompress } from './decompress.js';
import { BATCH_BYTES, BATCH_ROWS, type Format } from './format.js';

/** The wanted columns of one record batch, uncompressed, at most. */
const MAXIMUM_BATCH_BYTES = 2 ** 30;

/** Before a compressed buffer: its uncompressed length, or -1 where it is not compressed. */
const LENGTH_BYTES = 8;

/** Buffers nearer than this are fetched as one range. */
const COALESCE_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);

/** apache-arrow's walk over the buffers of a record batch, with buffers that are given one by one. */
class BufferLoader extends VectorLoader {
  constructor(
    block: Block,
    schema: Schema,
    dictionaries: Map<number, Vector>,
    private readonly given: readonly (Uint8Array | undefined)[],
  ) {
    const { nodes, buffers, variadicBufferCounts } = block.header;
    super(EMPTY, nodes, buffers, dictionaries, schema.metadataVersion, variadicBufferCounts);
  }
  /** How many buffers the walk has passed. */
  get passed(): number {
    return (this as unknown as { buffersIndex: number }).buffersIndex + 1;
  }
  protected override readData(_type: unknown, _region = this.nextBufferRange()): Uint8Array {
    return this.given[this.passed - 1] ?? EMPTY;
  }
}

/** The buffers that the wanted fields use, each uncompressed and aligned; the others are left out. */
async function fetchBuffers(
  source: ByteSource,
  block: Block,
  wanted: readonly boolean[],
  place: string,
): Promise<(Uint8Array | undefined)[]> {
  const { buffers, compression } = block.header;
  const ranges: { start: number; end: number; members: number[] }[] = [];
  const order = buffers.map((_, i) => i).filter((i) => wanted[i] && buffers[i]!.length > 0);
  for (const i of order.sort((a, b) => buffers[a]!.offset - buffers[b]!.offset)) {
    const { offset, length } = buffers[i]!;
    const last = ranges.at(-1);
    if (last !== undefined && offset <= last.end + COALESCE_BYTES) {
      last.end = Math.max(last.end, offset + length);
      last.members.push(i);
    } else {
      ranges.push({ start: offset, end: offset + length, members: [i] });
    }
  }
  const out = new Array<Uint8Array | undefined>(buffers.length);
  let total = 0;
  // Loaded where something is compressed: it takes time and memory.
  const decompress = compression === null ? undefined : await (await import('./decompress.js')).decompressor();
  for (const { start, end, members } of ranges) {
    const bytes = await source.read(block.body + start, block.body + end);
    for (const i of members) {
      const { offset, length } = buffers[i]!;
      let buffer = bytes.subarray(offset - start, offset - start + length);
      if (decompress !== undefined)
        buffer = guarded(source.name, `${place}, buffer ${i}`, 'compressed data', () =>
          uncompressed(buffer, decompress),
        );
      total += buffer.length;
      out[i] = buffer.byteOffset % 8 === 0 ? buffer : buffer.slice();
    }
  }
  return out;

  function uncompressed(buffer: Uint8Array, decompress: Decompress): Uint8Array {
    if (buffer.length < LENGTH_BYTES) throw new Error(`${buffer.length} bytes`);
    const bytes = Number(new DataView(buffer.buffer, buffer.byteOffset).getBigInt64(0, true));
    const body = buffer.subarray(LENGTH_BYTES);
    if (bytes === -1) return body;
    if (!(bytes >= 0 && total + bytes <= MAXIMUM_BATCH_BYTES)) throw new Error(`a claim of ${bytes} bytes`);
    return decompress(compression!.type, body, bytes);
  }
}

/** The columns `fields` of a record batch, as apache-arrow loads them. */
async function loadColumns(
  source: ByteSource,
  block: Block,
  schema: Schema,
  all: readonly Field[],
  fields: readonly Field[],
  dictionaries: Map<number, Vector>,
  place: string,
): Promise<Data[]> {
  // A first walk without data, to learn which buffers belong to which column.
  const wanted = guarded(source.name, place, 'a record batch of the schema', () => {
    const loader = new BufferLoader(block, schema, dictionaries, []);
    const uses: boolean[] = [];
    for (const field of all) {
      loader.visit(field);
      while (uses.length < loader.passed) uses.push(fields.includes(field));
    }
    if (loader.passed > block.header.buffers.length)
      throw new Error(`${block.header.buffers.length} buffers for ${loader.passed}`);
    return uses;
  });
  const buffers = await fetchBuffers(source, block, wanted, place);
  return guarded(source.name, place, 'a record batch of the schema', () => {
    const loader = new BufferLoader(block, schema, dictionaries, buffers);
    const loaded = new Map(all.map((field) => [field, loader.visit(field) as Data]));
    return fields.map((field) => loaded.get(field)!);
  });
}

const MAXIMUM_DICTIONARIES_KEPT = 1;
const dictionaryStates = new WeakMap<Layout, Map<number, Promise<Map<number, Vector>>>>();

/** The dictionaries that hold after the first `count` dictionary messages. */
function dictionariesAt(source: ByteSource, layout: Layout, count: number): Promise<Map<number, Vector>> {
  const states = dictionaryStates.get(layout) ?? new Map<number, Promise<Map<number, Vector>>>();
  dictionaryStates.set(layout, states);
  const known = states.get(count);
  if (known !== undefined) return known;
  const state = (async () => {
    const dictionaries = new Map<number, Vector>();
    for (const [i, block] of layout.dictionaries.slice(0, count).entries()) {
      const place = `dictionary ${i}`;
      const { id, isDelta } = block.dictionary!;
      const type = layout.schema.dictionaries.get(id);
      if (type === undefined) throw arrowError(source.name, place, 'a dictionary of the schema', `one numbered ${id}`);
      const field = new Field('dictionary', type, true);
      const [data] = await loadColumns(source, block, layout.schema, [field], [field], dictionaries, place);
      const before = isDelta ? (dictionaries.get(id)?.data ?? []) : [];
      dictionaries.set(id, new Vector([...before, data!]));
    }
    return dictionaries;
  })();
  if (states.size >= MAXIMUM_DICTIONARIES_KEPT) states.clear();
  states.set(count, state);
  state.catch(() => states.delete(count));
  return state;
}

function plainFields(file: string, schema: Schema): Field[] {
  return schema.fields.map((field) =>
    guarded(
      file,
      `column ${field.name}`,
      'a type that can be read',
      () => new Field(field.name, plainType(field.type), field.nullable),
    ),
  );
}

function chosen(file: string, fields: readonly Field[], names: readonly string[] | undefined): number[] {
  const wanted = names ?? fields.map((f) => f.name);
  return wanted.map((name) => {
    const found = fields.flatMap((f, i) => (f.name === name ? [i] : []));
    if (found.length === 1) return found[0]!;
    const got = found.length > 1 ? 'two columns of this name' : fields.map((f) => f.name).join(', ') || 'no columns';
    throw arrowError(file, `column ${name}`, 'a column of this name', got);
  });
}

function hasDictionary(field: Field): boolean {
  return field.type.typeId === Type.Dictionary || (field.type.children ?? []).some(hasDictionary);
}

async function* readGroup(
  source: ByteSource,
  group: number,
  names?: readonly string[],
  batchRows: number = BATCH_ROWS,
): AsyncGenerator<RecordBatch> {
  const file = source.name;
  const layout = await readLayout(source);
  const found = layout.groups[group];
  if (found === undefined) throw arrowError(file, `group ${group}`, `one of ${layout.groups.length} groups`, 'none');
  const plain = plainFields(file, layout.schema);
  const columns = chosen(file, plain, names);
  const fields = columns.map((i) => layout.schema.fields[i]!);
  const schema = new Schema(columns.map((i) => plain[i]!));
  for (const [i, block] of found.batches.entries()) {
    const place = `group ${group}, record batch ${i}`;
    const dictionaries = layout.schema.fields.some(hasDictionary)
      ? await dictionariesAt(source, layout, block.dictionaries)
      : new Map();
    const loaded = await loadColumns(source, block, layout.schema, layout.schema.fields, fields, dictionaries, place);
    const data = loaded.map((column, k) =>
      guarded(file, `${place}, column ${fields[k]!.name}`, `a sound ${fields[k]!.type} column`, () => {
        if (column.length !== block.rows) throw new Error(`${column.length} rows of ${block.rows}`);
        return plainData(column, schema.fields[k]!.type);
      }),
    );
    const batch = batchOf(schema, data, block.rows);
    const bytes = data.reduce((sum, column) => sum + column.byteLength, 0);
    const step = Math.max(1, Math.min(batchRows, Math.floor((BATCH_BYTES * block.rows) / Math.max(1, bytes))));
    if (block.rows > 0 && block.rows <= step) yield batch;
    for (let start = 0; block.rows > step && start < block.rows; start += step) {
      yield concatRanges([{ batch, start, end: Math.min(block.rows, start + step) }]);
    }
  }
}

/**
 * Apache Arrow's IPC format, file or stream, uncompressed, LZ4 or zstd: a group is a run of record batches of about 65,536 rows. Only the buffers of
 * the wanted columns are fetched. Dictionaries, views and 64-bit offsets arrive as plain columns; unions and big-endian data are refused.
 */
export const arrow: Format = {
  name: 'arrow',
  extensions: ['.arrow', '.arrows', '.feather', '.ipc'],
  async plan(source) {
    const layout = await readLayout(source);
    return {
      columns: plainFields(source.name, layout.schema).map((f) => ({
        name: f.name,
        type: String(f.type),
        nullable: f.nullable,
      })),
      groups: layout.groups.map(({ rows, bytes }) => ({ rows, bytes })),
    };
  },
  read: readGroup,
};
