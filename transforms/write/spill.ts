/**
 * Rows on their way to a shuffled output, in files of the staging folder: as many as fit into memory at a time, sorted by place and cut at the borders of the
 * output's shards. What travels through Beam is where those pieces lie.
 *
 * A piece: the places (Float64, little endian), then an Arrow IPC stream of one batch. A file: pieces, then their list as JSON, then its length (uint32).
 */
import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import { streamBytes } from '../../formats/arrow-messages.js';
import { concat } from '../../formats/concat.js';
import { gather } from '../../formats/gather.js';
import { rangeBytes } from '../../formats/rebuffer.js';
import { InvariantError } from '../../schemas/errors.js';
import { storageFor } from '../../storage/index.js';
import { workPath } from '../read/job.js';
import { concatPlaces, type Placed } from './merge-placed.js';
import type { RowKind } from './part.js';
import { byPlace, shardOf } from './places.js';

/** Values that are held before they are sorted and written. */
const SPILL_BYTES = 64 << 20;
const TAIL_BYTES = 4;
const PLACE_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Where a piece lies. */
export interface Piece {
  readonly kind: RowKind;
  /** Of the output. */
  readonly shard: number;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** The first columns, that are the input's. */
  readonly inputs: number;
}

/** A file of pieces. */
export interface SpillFile {
  /** Number of the range of input rows that it is of, and which of its files. */
  readonly index: number;
  readonly run: number;
  /** Relative to the folder of work. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface SpillWriter {
  /** Rows of one kind, of one schema over all calls. */
  write(kind: RowKind, batch: RecordBatch, inputs: number, places: Float64Array): Promise<void>;
  /** The files, in the order of the rows. */
  close(): Promise<SpillFile[]>;
}

interface Held extends Placed {
  readonly inputs: number;
}

const SPILLS = 'spilled';

/** @param part what tells the names of the files from those of others; `index`: of the range of rows; `shards`: of the output. */
export function openSpill(
  staging: string,
  { part, index, shards }: { readonly part: string; readonly index: number; readonly shards: number },
  spillBytes = SPILL_BYTES,
): SpillWriter {
  const held: Record<RowKind, Held[]> = { shard: [], raw: [] };
  const files: SpillFile[] = [];
  let bytes = 0;

  async function spill(): Promise<void> {
    const path = `${SPILLS}/${part}-${files.length}`;
    const full = workPath(staging, ...path.split('/'));
    const sink = await storageFor(full).create(full);
    const pieces: Piece[] = [];
    let at = 0;
    try {
      for (const kind of ['shard', 'raw'] as const) {
        if (held[kind].length === 0) continue;
        const { inputs } = held[kind][0]!;
        const batch = concat(held[kind].map((h) => h.batch));
        const places = concatPlaces(held[kind].map((h) => h.places));
        held[kind] = [];
        const order = byPlace(places);
        for (let start = 0; start < order.length; ) {
          const shard = shardOf(places[order[start]!]!, shards);
          let end = start + 1;
          while (end < order.length && shardOf(places[order[end]!]!, shards) === shard) end++;
          const rows = order.subarray(start, end);
          const own = Float64Array.from(rows, (row) => places[row]!);
          const body = streamBytes(gather(batch, rows));
          await sink.write(new Uint8Array(own.buffer));
          await sink.write(body);
          const to = at + own.byteLength + body.length;
          pieces.push({ kind, shard, from: at, to, rows: rows.length, inputs });
          at = to;
          start = end;
        }
      }
      const list = Buffer.from(JSON.stringify(pieces));
      const tail = Buffer.alloc(TAIL_BYTES);
      tail.writeUInt32LE(list.length);
      await sink.write(list);
      await sink.write(tail);
      const { bytes: written } = await sink.close();
      const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
      files.push({ index, run: files.length, path, rows, bytes: written });
    } catch (error) {
      await sink.abort();
      throw error;
    }
    bytes = 0;
  }

  return {
    async write(kind, batch, inputs, places) {
      if (batch.numRows === 0) return;
      held[kind].push({ batch, inputs, places });
      for (const column of batch.data.children) bytes += rangeBytes(column, 0, batch.numRows);
      if (bytes >= spillBytes) await spill();
    },
    async close() {
      if (held.shard.length + held.raw.length > 0) await spill();
      return files;
    },
  };
}

/** The pieces of a spilled file. */
export async function piecesOf(staging: string, { path, bytes }: SpillFile): Promise<Piece[]> {
  const full = workPath(staging, ...path.split('/'));
  const source = await storageFor(full).open(full);
  if (source.bytes !== bytes)
    throw new InvariantError(`${path} has ${source.bytes} bytes, and was written with ${bytes}`);
  const end = bytes - TAIL_BYTES;
  const length = Buffer.from(await source.read(end, bytes)).readUInt32LE();
  return JSON.parse(Buffer.from(await source.read(end - length, end)).toString()) as Piece[];
}

/** The rows of a piece. */
export async function readPiece(staging: string, path: string, { from, to, rows }: Piece): Promise<Placed> {
  const full = workPath(staging, ...path.split('/'));
  const bytes = new Uint8Array(await (await storageFor(full).open(full)).read(from, to));
  const body = rows * PLACE_BYTES;
  const [batch, ...more] = RecordBatchReader.from(bytes.subarray(body));
  if (batch?.numRows !== rows || more.length > 0)
    throw new InvariantError(`${path}: ${batch?.numRows} rows of ${rows}`);
  return { batch, places: new Float64Array(bytes.buffer, 0, rows) };
}
