import { MessageHeader, type Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { type DictionaryBatch, type RecordBatch as Header, Message } from 'apache-arrow/ipc/metadata/message';
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';
import { ARROW_MAGIC } from './arrow-messages.js';
import { verifyMetadata } from './arrow-verify.js';
import { onceFor } from './once.js';

/** Metadata of one message, and the footer of a file: far above what any schema needs. */
const MAXIMUM_METADATA_BYTES = 64 * 2 ** 20;

/** Read at once where a message is looked for: most heads are shorter. */
const HEAD_BYTES = 4096;

/** A group is made of record batches up to this many rows or bytes: files with thousands of tiny batches must not make as many splits. */
const GROUP_ROWS = 65_536;
const GROUP_BYTES = 16 * 2 ** 20;

/** Rows of a record batch whose columns take no bytes at all (nulls): nothing else bounds them. */
const MAXIMUM_EMPTY_ROWS = 2 ** 24;

/** A message with a body. */
export interface Block {
  /** Where the body starts. */
  readonly body: number;
  readonly bodyBytes: number;
  readonly rows: number;
  readonly header: Header;
  /** Set for dictionaries. */
  readonly dictionary?: { readonly id: number; readonly isDelta: boolean };
}

export interface BatchBlock extends Block {
  /** How many of the layout's dictionaries hold for it. */
  readonly dictionaries: number;
}

export interface Layout {
  readonly schema: Schema;
  readonly dictionaries: readonly Block[];
  readonly groups: readonly {
    readonly rows: number;
    readonly bytes: number;
    readonly batches: readonly BatchBlock[];
  }[];
}

export function arrowError(
  file: string,
  place: string | undefined,
  expected: string,
  got: string,
  cause?: unknown,
): InputError {
  return new InputError('Arrow', { file, place, expected, got }, { cause });
}

/** Runs code of apache-arrow on bytes from outside: whatever it throws becomes an InputError. */
export function guarded<T>(file: string, place: string, expected: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw arrowError(file, place, expected, (error as Error)?.message || String(error), error);
  }
}

/** Position of field `index` of the flatbuffers table at `table`; undefined where it has its default. */
function fieldAt(view: DataView, table: number, index: number): number | undefined {
  const layout = table - view.getInt32(table, true);
  if (4 + 2 * index >= view.getUint16(layout, true)) return undefined;
  const offset = view.getUint16(layout + 4 + 2 * index, true);
  return offset === 0 ? undefined : table + offset;
}

/** apache-arrow takes every schema for little-endian, so what it says has to be looked up: field `index` of the root table is the schema. */
function isBigEndian(metadata: Uint8Array, index: number): boolean {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const at = fieldAt(view, view.getUint32(0, true), index);
  if (at === undefined) return false;
  const endianness = fieldAt(view, at + view.getUint32(at, true), 0);
  return endianness !== undefined && view.getInt16(endianness, true) !== 0;
}

interface Found {
  readonly message: Message;
  readonly metadata: Uint8Array;
  /** Where the message's body starts. */
  readonly body: number;
}

/** The message at `start`, or undefined for the end of the stream. */
async function messageAt(source: ByteSource, start: number): Promise<Found | undefined> {
  if (start >= source.bytes) return undefined;
  const place = `byte ${start}`;
  const head = await source.read(start, Math.min(source.bytes, start + HEAD_BYTES));
  if (head.length < 4) throw arrowError(source.name, place, 'a message', `${head.length} bytes`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // Before Arrow 0.15 there was no 0xffffffff in front.
  const prefix = view.getInt32(0, true) === -1 ? 8 : 4;
  if (head.length < prefix) throw arrowError(source.name, place, 'a message', 'the end of the file');
  const length = view.getInt32(prefix - 4, true);
  if (length === 0) return undefined;
  const left = source.bytes - start - prefix;
  if (length < 0 || length > Math.min(left, MAXIMUM_METADATA_BYTES)) {
    throw arrowError(
      source.name,
      place,
      `metadata of at most ${Math.min(left, MAXIMUM_METADATA_BYTES)} bytes`,
      `${length}`,
    );
  }
  const end = prefix + length;
  const metadata = end <= head.length ? head.subarray(prefix, end) : await source.read(start + prefix, start + end);
  const message = guarded(source.name, place, 'a message', () => {
    verifyMetadata(metadata, 'message');
    return Message.decode(metadata);
  });
  return { message, metadata, body: start + end };
}

function blockOf(file: string, found: Found, fileBytes: number): Block {
  const { message, body } = found;
  const place = `byte ${body}`;
  const bodyBytes = message.bodyLength;
  if (!(Number.isSafeInteger(bodyBytes) && bodyBytes >= 0 && body + bodyBytes <= fileBytes)) {
    throw arrowError(file, place, `a body within ${fileBytes} bytes`, `${bodyBytes} bytes: the file may be cut off`);
  }
  return guarded(file, place, 'a record batch', () => {
    const any = message.header() as unknown;
    const dictionary = message.isDictionaryBatch() ? (any as DictionaryBatch) : undefined;
    const header = dictionary === undefined ? (any as Header) : dictionary.data;
    const rows = header.length;
    if (!(Number.isSafeInteger(rows) && rows >= 0 && rows < 2 ** 31)) throw new Error(`${rows} rows`);
    if (bodyBytes === 0 && rows > MAXIMUM_EMPTY_ROWS) throw new Error(`${rows} rows without a byte`);
    for (const { offset, length } of header.buffers) {
      if (!(offset >= 0 && length >= 0 && offset + length <= bodyBytes)) {
        throw new Error(`a buffer at bytes ${offset} to ${offset + length} of ${bodyBytes}`);
      }
    }
    const id = dictionary === undefined ? undefined : { id: dictionary.id, isDelta: dictionary.isDelta };
    return { body, bodyBytes, rows, header, dictionary: id };
  });
}

function grouped(batches: readonly BatchBlock[]): Layout['groups'] {
  const groups: { rows: number; bytes: number; batches: BatchBlock[] }[] = [];
  for (const batch of batches) {
    const last = groups.at(-1);
    if (last === undefined || last.rows + batch.rows > GROUP_ROWS || last.bytes + batch.bodyBytes > GROUP_BYTES) {
      groups.push({ rows: batch.rows, bytes: batch.bodyBytes, batches: [batch] });
    } else {
      last.rows += batch.rows;
      last.bytes += batch.bodyBytes;
      last.batches.push(batch);
    }
  }
  return groups;
}

function refuseBigEndian(file: string, metadata: Uint8Array, index: number): void {
  if (guarded(file, 'schema', 'a schema', () => isBigEndian(metadata, index))) {
    throw arrowError(file, 'schema', 'little-endian data', 'big-endian data');
  }
}

async function fileLayout(source: ByteSource): Promise<Layout> {
  const file = source.name;
  const tail = await source.read(source.bytes - 10, source.bytes);
  if (!ARROW_MAGIC.every((byte, i) => tail[4 + i] === byte)) {
    throw arrowError(file, undefined, 'ARROW1 as its last 6 bytes', 'something else: the file may be cut off');
  }
  const length = new DataView(tail.buffer, tail.byteOffset).getInt32(0, true);
  const most = Math.min(source.bytes - 18, MAXIMUM_METADATA_BYTES);
  if (length <= 0 || length > most) throw arrowError(file, 'footer', `a footer of 1 to ${most} bytes`, `${length}`);
  const bytes = await source.read(source.bytes - 10 - length, source.bytes - 10);
  const { schema, blocks } = guarded(file, 'footer', 'a footer', () => {
    verifyMetadata(bytes, 'footer');
    refuseBigEndian(file, bytes, 1);
    const footer = Footer.decode(bytes);
    return { schema: footer.schema, blocks: [[...footer.dictionaryBatches()], [...footer.recordBatches()]] as const };
  });
  const load = async ({ offset }: { offset: number }, kind: MessageHeader) => {
    if (!(Number.isSafeInteger(offset) && offset >= 8 && offset < source.bytes)) {
      throw arrowError(file, 'footer', `a block within ${source.bytes} bytes`, `one at byte ${offset}`);
    }
    const found = await messageAt(source, offset);
    if (found === undefined || found.message.headerType !== kind) {
      throw arrowError(
        file,
        `byte ${offset}`,
        MessageHeader[kind]!,
        found === undefined ? 'nothing' : 'another message',
      );
    }
    return blockOf(file, found, source.bytes);
  };
  const dictionaries: Block[] = [];
  for (const block of blocks[0]) dictionaries.push(await load(block, MessageHeader.DictionaryBatch));
  const batches: BatchBlock[] = [];
  for (const block of blocks[1]) {
    batches.push({ ...(await load(block, MessageHeader.RecordBatch)), dictionaries: dictionaries.length });
  }
  return { schema, dictionaries, groups: grouped(batches) };
}

async function streamLayout(source: ByteSource): Promise<Layout> {
  const file = source.name;
  const first = await messageAt(source, 0);
  if (first?.message.headerType !== MessageHeader.Schema) {
    throw arrowError(file, undefined, 'an Arrow file or stream', 'something else');
  }
  refuseBigEndian(file, first.metadata, 2);
  const schema = guarded(file, 'schema', 'a schema', () => first.message.header() as unknown as Schema);
  const dictionaries: Block[] = [];
  const batches: BatchBlock[] = [];
  for (let at = first.body; ; ) {
    const found = await messageAt(source, at);
    if (found === undefined) break;
    const kind = found.message.headerType;
    if (kind !== MessageHeader.DictionaryBatch && kind !== MessageHeader.RecordBatch) {
      throw arrowError(file, `byte ${at}`, 'a record batch', `a message of type ${MessageHeader[kind] ?? kind}`);
    }
    const block = blockOf(file, found, source.bytes);
    if (block.dictionary === undefined) batches.push({ ...block, dictionaries: dictionaries.length });
    else dictionaries.push(block);
    at = block.body + block.bodyBytes;
  }
  return { schema, dictionaries, groups: grouped(batches) };
}

/** Where the batches of an Arrow file or stream are, from its footer or by walking message heads: no body is read. Worked out once for a source. */
export const readLayout = onceFor(findLayout);

async function findLayout(source: ByteSource): Promise<Layout> {
  if (source.bytes < 8) {
    const got = source.bytes === 0 ? 'an empty file' : `${source.bytes} bytes`;
    throw arrowError(source.name, undefined, 'an Arrow file or stream', got);
  }
  const head = await source.read(0, ARROW_MAGIC.length);
  const isFile = source.bytes >= 18 && ARROW_MAGIC.every((byte, i) => head[i] === byte);
  return isFile ? fileLayout(source) : streamLayout(source);
}
