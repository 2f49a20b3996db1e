/** Where each copy of each row goes in a shuffled output: a hash of its row number, so that the order is that of no input and the same however it is cut. */
import { Int64, makeData } from 'apache-arrow';
import { hashIds } from '../filter/hash.js';

/** Places are drawn independently of the resampling: their seed is the run's with these bits flipped. Ours. */
const SHUFFLE = 0xc2b2_ae35;

/** More than a row has copies (`balance.maximum` is at most 255). */
const COPIES = 256n;

/**
 * A number in [0, 1) for each of the rows `indices`, whose repeats stand side by side: each copy of a row has a place of its own.
 * @param firstRow global number of row 0
 */
export function placesOf(indices: Uint32Array, firstRow: number, seed: number): Float64Array {
  const numbers = new BigInt64Array(indices.length);
  let copy = 0n;
  for (let i = 0; i < indices.length; i++) {
    copy = i > 0 && indices[i - 1] === indices[i] ? copy + 1n : 0n;
    numbers[i] = BigInt(firstRow + indices[i]!) * COPIES + copy;
  }
  const data = makeData({ type: new Int64(), length: numbers.length, nullCount: 0, data: numbers });
  const places = new Float64Array(indices.length);
  hashIds(data, (seed ^ SHUFFLE) >>> 0, places);
  return places;
}

/** The shard, of `shards`, that a place lies in: ranges of places of one length. */
export function shardOf(place: number, shards: number): number {
  return Math.min(shards - 1, Math.floor(place * shards));
}

/** The rows by place; of equal places the earlier row first. */
export function byPlace(places: Float64Array): Uint32Array {
  const order = Uint32Array.from(places, (_, i) => i);
  return order.sort((a, b) => places[a]! - places[b]! || a - b);
}
