/** The sorted pieces of a DataComp subset as one file. */
import { npyHead, UID_BYTES, uidBefore } from '../../formats/datacomp.js';
import type { ByteSource } from '../../schemas/bytes.js';
import { InvariantError } from '../../schemas/errors.js';
import { below, storageFor } from '../../storage/index.js';
import { dataPath } from '../read/job.js';
import type { PartFile } from './part.js';

/** Of all pieces together, in memory at a time. */
const READ_BYTES = 256 << 20;
const MAXIMUM_BLOCK_BYTES = 256 << 10;
const WRITE_BYTES = 1 << 20;

interface Piece {
  readonly source: ByteSource;
  readonly end: number;
  /** Where the next block begins. */
  next: number;
  block: Uint8Array;
  at: number;
}

/** Puts the piece at `heap[i]` where it belongs among those below it; the least uid is first. */
function sift(heap: Piece[], start: number): void {
  const before = (a: Piece, b: Piece) => uidBefore(a.block, a.at, b.block, b.at);
  for (let i = start; ; ) {
    let least = i;
    for (const child of [2 * i + 1, 2 * i + 2]) {
      if (child < heap.length && !before(heap[least]!, heap[child]!)) least = child;
    }
    if (least === i) return;
    [heap[i], heap[least]] = [heap[least]!, heap[i]!];
    i = least;
  }
}

/** Reads the next block of a piece; false where there is none. */
async function refill(piece: Piece, blockBytes: number): Promise<boolean> {
  if (piece.next === piece.end) return false;
  const to = Math.min(piece.end, piece.next + blockBytes);
  piece.block = await piece.source.read(piece.next, to);
  piece.next = to;
  piece.at = 0;
  return true;
}

/**
 * Merges the pieces into `name` in the data folder, and says what it became. Memory does not grow with them. Safe to repeat.
 * Throws InvariantError where a piece has other bytes than its rows.
 */
export async function mergeSubset(staging: string, pieces: readonly PartFile[], name: string): Promise<PartFile> {
  const data = dataPath(staging);
  const storage = storageFor(data);
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const most = Math.min(MAXIMUM_BLOCK_BYTES, READ_BYTES / Math.max(1, pieces.length));
  const blockBytes = Math.max(1, Math.floor(most / UID_BYTES)) * UID_BYTES;
  const heap: Piece[] = [];
  for (const { path, bytes, rows: uids } of pieces) {
    if (bytes !== uids * UID_BYTES) throw new InvariantError(`subset: ${path} has ${bytes} bytes for ${uids} uids`);
    const source = await storage.open(below(data, path));
    const piece = { source, end: bytes, next: 0, block: new Uint8Array(), at: 0 };
    if (await refill(piece, blockBytes)) heap.push(piece);
  }
  for (let i = heap.length >> 1; i >= 0; i--) if (i < heap.length) sift(heap, i);

  const sink = await storage.create(below(data, name));
  try {
    await sink.write(npyHead(rows));
    let out = new Uint8Array(WRITE_BYTES);
    let at = 0;
    while (heap.length > 0) {
      const first = heap[0]!;
      out.set(first.block.subarray(first.at, first.at + UID_BYTES), at);
      at += UID_BYTES;
      first.at += UID_BYTES;
      if (at === out.length) {
        await sink.write(out);
        out = new Uint8Array(WRITE_BYTES);
        at = 0;
      }
      if (first.at === first.block.length && !(await refill(first, blockBytes))) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      if (heap.length > 0) sift(heap, 0);
    }
    await sink.write(out.subarray(0, at));
    const { bytes, sha256 } = await sink.close();
    return { kind: 'shard', format: 'datacomp', path: name, rows, bytes, sha256 };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
