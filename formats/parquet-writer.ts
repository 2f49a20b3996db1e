import { type DataType, type RecordBatch, type Schema, Type } from 'apache-arrow';
import { type FileMetaData, parquetMetadata } from 'hyparquet';
import { InputError } from '../schemas/errors.js';
import { type Allocate, makeArena } from './arena.js';
import { streamBytes, streamInPlace } from './arrow-messages.js';
import type { BatchWriter } from './format.js';
import type { EncodeTask } from './parquet-codec.js';
import { encodeFooter, PARQUET_MAGIC } from './parquet-footer.js';
import { parquetThread } from './parquet-thread.js';
import { makeRebuffer } from './rebuffer.js';
import { makeBlock } from './spares.js';

export interface ParquetOptions {
  readonly compression: EncodeTask['compression'];
  /** Rows of each row group but the last. */
  readonly rowGroupRows?: number;
}

/** Larger ones gain nothing and take memory: with 100,352 the peak of a run was 30 MB higher (measured). */
export const ROW_GROUP_ROWS = 65_536;

/** A row group ends early at this many bytes of values; a quarter of what the reader takes, and far from 32-bit offsets. */
const ROW_GROUP_BYTES = 256 * 2 ** 20;

/** A text column gets a dictionary where at most this many of the sampled values differ. */
const DICTIONARY_VALUES = 256;

/** Rows of the first row group that are looked at for that. */
const SAMPLED_ROWS = 4096;

/** Left free before a group's buffers for the heads of an IPC stream: enough for some hundred columns, and more are copied once more. */
const HEAD_ROOM = 64 * 1024;

/**
 * Text columns with few different values, judged by evenly spaced rows. Elsewhere a dictionary is only tried and given up: it costs a third of
 * the time, and makes scores larger by half.
 */
function repetitive(group: RecordBatch): string[] {
  const step = Math.max(1, Math.floor(group.numRows / SAMPLED_ROWS));
  return group.schema.fields.flatMap((field, i) => {
    if (field.type.typeId !== Type.Utf8) return [];
    const { valueOffsets, values } = group.data.children[i]!;
    const seen = new Set<string>();
    for (let row = 0; row < group.numRows && seen.size <= DICTIONARY_VALUES; row += step) {
      seen.add(
        Buffer.from(
          values.buffer,
          values.byteOffset + valueOffsets[row]!,
          valueOffsets[row + 1]! - valueOffsets[row]!,
        ).toString('latin1'),
      );
    }
    return seen.size <= DICTIONARY_VALUES && seen.size * 2 <= group.numRows ? [field.name] : [];
  });
}

type Encoder = (task: EncodeTask) => Uint8Array | Promise<Uint8Array>;

/** The other thread's, or, where there is none, this one's, which takes time to load. */
async function encoder(): Promise<Encoder> {
  return parquetThread()?.encode ?? (await import('./parquet-codec.js')).encodeParquet;
}

function unsupported(type: DataType): boolean {
  return [Type.Union, Type.Interval].includes(type.typeId) || (type.children ?? []).some((f) => unsupported(f.type));
}

/**
 * A Parquet file in row groups. The same rows give the same bytes however they are cut into batches. Each row group is encoded by itself, by
 * parquet-wasm, and put behind the others with one footer for all; memory is bounded by one row group. No statistics: rows are in no order that
 * a reader could use, and they cost a fifth of the time. Throws an InputError for a type that Parquet does not have.
 */
export function parquetWriter(
  schema: Schema,
  { compression, rowGroupRows = ROW_GROUP_ROWS }: ParquetOptions,
): BatchWriter {
  const wrong = schema.fields.find((f) => unsupported(f.type));
  if (wrong !== undefined) {
    const expected = 'a type that Parquet has';
    throw new InputError('Parquet output', { place: `column ${wrong.name}`, expected, got: `${wrong.type}` });
  }
  const allocate: Allocate = (bytes) =>
    (parquetThread()?.take(bytes).buffer as ArrayBuffer | undefined) ?? makeBlock(bytes);
  const rebuffer = makeRebuffer(schema, { rows: rowGroupRows, bytes: ROW_GROUP_BYTES }, HEAD_ROOM, allocate);
  const arena = makeArena(allocate);
  const groups: FileMetaData['row_groups'] = [];
  let rows = 0n;
  let position = 0;
  let dictionaries: string[] | undefined;
  let first: FileMetaData | undefined;

  /** The file of the last row group, which is encoded while the next one is gathered. */
  let encoding: Uint8Array | Promise<Uint8Array> | undefined;
  const encode = (group: RecordBatch, encodeTask: Encoder): Uint8Array | Promise<Uint8Array> => {
    dictionaries ??= repetitive(group);
    arena.reset();
    const stream = streamInPlace(group) ?? streamBytes(group, arena.take);
    const file = encodeTask({ stream, compression, dictionaries, rows: Math.max(1, group.numRows) });
    // Whoever asks for the bytes is told.
    if (file instanceof Promise) file.catch(() => undefined);
    return file;
  };
  const append = (file: Uint8Array): Uint8Array[] => {
    const metadata = parquetMetadata(
      file.subarray(file.length - new DataView(file.buffer, file.byteOffset).getUint32(file.length - 8, true) - 8),
      {
        geoparquet: false,
      },
    );
    first ??= metadata;
    const out: Uint8Array[] = position === 0 ? [PARQUET_MAGIC] : [];
    position = Math.max(position, PARQUET_MAGIC.length);
    for (const part of metadata.row_groups) {
      const chunks = part.columns.map((c) => c.meta_data!);
      const starts = chunks.map((m) => Number(m.dictionary_page_offset ?? m.data_page_offset));
      const start = Math.min(...starts);
      const end = Math.max(...chunks.map((m, i) => starts[i]! + Number(m.total_compressed_size)));
      const shift = BigInt(position - start);
      // Page indexes lie behind the data of a file and are left out, with what points at them.
      groups.push({
        columns: chunks.map((meta) => ({
          file_offset: 0n,
          meta_data: {
            ...meta,
            statistics: undefined,
            data_page_offset: meta.data_page_offset + shift,
            dictionary_page_offset:
              meta.dictionary_page_offset === undefined ? undefined : meta.dictionary_page_offset + shift,
          },
        })),
        total_byte_size: part.total_byte_size,
        num_rows: part.num_rows,
        file_offset: BigInt(position),
        total_compressed_size: BigInt(end - start),
      });
      rows += part.num_rows;
      position += end - start;
      out.push(file.subarray(start, end));
    }
    return out;
  };
  return {
    async write(batch) {
      const out: Uint8Array[] = [];
      const encodeTask = await encoder();
      for (const group of rebuffer.push(batch)) {
        // Its memory is that of the one before, once that is encoded.
        if (encoding !== undefined) out.push(...append(await encoding));
        encoding = encode(group(), encodeTask);
      }
      return out;
    },
    async close() {
      const encodeTask = await encoder();
      const out: Uint8Array[] = encoding === undefined ? [] : append(await encoding);
      const rest = rebuffer.rest();
      if (rest !== undefined) out.push(...append(await encode(rest, encodeTask)));
      if (first === undefined) {
        // Without a row parquet-wasm writes a whole file by itself.
        return [await encodeTask({ stream: streamBytes(schema), compression, dictionaries: [], rows: 1 })];
      }
      const { version, schema: elements, key_value_metadata, created_by } = first;
      out.push(
        encodeFooter({ version, schema: elements, num_rows: rows, row_groups: groups, key_value_metadata, created_by }),
      );
      return out;
    },
  };
}
