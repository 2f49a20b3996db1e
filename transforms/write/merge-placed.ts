/** Sorted pieces of a shuffled shard as one run of rows. */
import type { RecordBatch } from 'apache-arrow';
import { concatRanges } from '../../formats/concat.js';
import { gather } from '../../formats/gather.js';
import { rangeBytes } from '../../formats/rebuffer.js';
import { byPlace } from './places.js';

/** Rows with their places. */
export interface Placed {
  readonly batch: RecordBatch;
  /** [rows], ascending. */
  readonly places: Float64Array;
}

/** Rows of a batch of the result, at most, and about their bytes. */
const BATCH = { rows: 8192, bytes: 8 << 20 };

export function concatPlaces(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Where each of some numbers, no two of which are equal, stands among them. */
function ranksOf(numbers: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(numbers.length);
  byPlace(Float64Array.from(numbers)).forEach((at, rank) => {
    ranks[at] = rank;
  });
  return ranks;
}

const bytesOf = ({ batch }: Placed) =>
  batch.data.children.reduce((sum, column) => sum + rangeBytes(column, 0, batch.numRows), 0);

/** The rows of pieces of one schema, all together by place, in batches; of equal places those of the earlier piece first. */
export function* mergePlaced(pieces: readonly Placed[]): Generator<RecordBatch> {
  const order = byPlace(concatPlaces(pieces.map((piece) => piece.places)));
  const bytes = pieces.reduce((sum, piece) => sum + bytesOf(piece), 0);
  const step = Math.max(1, Math.min(BATCH.rows, Math.floor((BATCH.bytes * order.length) / Math.max(1, bytes))));
  const pieceOf = new Uint32Array(order.length);
  let filled = 0;
  pieces.forEach(({ places }, piece) => {
    pieceOf.fill(piece, filled, filled + places.length);
    filled += places.length;
  });
  // Each piece is sorted, so what comes next of all rows is what comes next of each piece.
  const taken = new Uint32Array(pieces.length);
  for (let start = 0; start < order.length; start += step) {
    const rows = order.subarray(start, start + step);
    const before = taken.slice();
    for (const row of rows) taken[pieceOf[row]!]!++;
    const ranges = pieces
      .map(({ batch }, piece) => ({ batch, start: before[piece]!, end: taken[piece]! }))
      .filter((range) => range.end > range.start);
    yield gather(concatRanges(ranges), ranksOf(rows));
  }
}
