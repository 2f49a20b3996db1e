import { randomBytes } from 'node:crypto';

/** Bytes of a piece at most, its header included: well below what runners take in one element (2 MB on some, and 4 MB in one message). */
export const PIECE_BYTES = 1 << 20;
/** Number of pieces and place of this one (uint32, little-endian), then what tells the values of one group apart. */
const HEADER_BYTES = 24;
const ID_BYTES = 16;
const DATA_BYTES = PIECE_BYTES - HEADER_BYTES;

/**
 * A value of any size as elements that every runner takes. They are put together again by `joinPieces` behind a grouping, so all
 * pieces of a value need one key. The id is random: no output depends on it, and a bundle that is repeated emits a value of its own.
 */
export function cutPieces(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / DATA_BYTES));
  const id = count === 1 ? new Uint8Array(ID_BYTES) : randomBytes(ID_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const data = bytes.subarray(index * DATA_BYTES, (index + 1) * DATA_BYTES);
    const piece = new Uint8Array(HEADER_BYTES + data.length);
    const view = new DataView(piece.buffer);
    view.setUint32(0, count, true);
    view.setUint32(4, index, true);
    piece.set(id, 8);
    piece.set(data, HEADER_BYTES);
    return piece;
  });
}

/**
 * The values whose pieces these are, in no particular order. Holds the pieces of unfinished values only. An element without bytes
 * is no piece and is passed over. Throws where a value lacks a piece: something was lost on the way.
 */
export function* joinPieces(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const waiting = new Map<string, (Uint8Array | undefined)[]>();
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    if (piece.length < HEADER_BYTES) throw new Error(`a piece of ${piece.length} bytes has no header`);
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const count = view.getUint32(0, true);
    const data = piece.subarray(HEADER_BYTES);
    if (count === 1) {
      yield data;
      continue;
    }
    const id = Buffer.from(piece.subarray(8, HEADER_BYTES)).toString('hex');
    const parts = waiting.get(id) ?? [];
    parts[view.getUint32(4, true)] = data;
    waiting.set(id, parts);
    if (parts.length < count || parts.includes(undefined)) continue;
    waiting.delete(id);
    yield Buffer.concat(parts as Uint8Array[]);
  }
  if (waiting.size > 0) throw new Error(`${waiting.size} values came without some of their pieces`);
}
