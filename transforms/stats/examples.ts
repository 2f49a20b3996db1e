/**
 * Example captions by (attribute, label, present or absent): of each cell the rows with the smallest random numbers. A commutative monoid
 * and exact: the smallest of a union are the smallest of the parts' smallest, so splits, bundles and order do not matter.
 */
import { InputError } from '../../schemas/errors.js';
import { type Tags, UNKNOWN } from '../../schemas/tags.js';
import type { Utf8Column } from '../tag/column.js';
import { ByteReader, ByteWriter } from './varint.js';

/** Code points of a caption that are kept, ours; a longer one ends in an ellipsis. */
export const LONGEST_CAPTION = 300;
/** Captions in all cells together at most, ours: 120 MB where each is as long as it may be and of the longest code points. */
export const MAXIMUM_EXAMPLES = 100_000;
const LONGEST_BYTES = 4 * LONGEST_CAPTION;
const CELLS_OF_PAIR = 2;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface Example {
  /** Of its row, in [0, 1). */
  readonly random: number;
  readonly caption: string;
}

export interface ExampleShape {
  /** m */
  readonly attributes: number;
  /** c */
  readonly labels: number;
  /** Captions of a cell at most. */
  readonly limit: number;
}

export interface ExampleSample extends ExampleShape {
  /** Cell (k c + r) 2 + s of attribute k with value s and label r: its examples, distinct and in order. */
  readonly cells: Map<number, Example[]>;
  /** [2 m c] random number of the last example of a full cell; else 1. */
  readonly last: Float64Array;
}

/** Captions that a sample of this shape may come to hold. */
export function mostExamples({ attributes, labels, limit }: ExampleShape): number {
  return CELLS_OF_PAIR * attributes * labels * limit;
}

export function emptyExamples({ attributes, labels, limit }: ExampleShape): ExampleSample {
  const last = new Float64Array(CELLS_OF_PAIR * attributes * labels).fill(1);
  return { attributes, labels, limit, cells: new Map(), last };
}

/** The order of examples. The caption parts rows that share an id: row numbers would differ where a run reads part of the files. */
function compareExamples(a: Example, b: Example): number {
  if (a.random !== b.random) return a.random - b.random;
  return a.caption < b.caption ? -1 : a.caption > b.caption ? 1 : 0;
}

function insert(sample: ExampleSample, cell: number, example: Example): void {
  let list = sample.cells.get(cell);
  if (list === undefined) {
    list = [];
    sample.cells.set(cell, list);
  }
  let at = list.length;
  while (at > 0 && compareExamples(example, list[at - 1]) < 0) at--;
  if (at > 0 && compareExamples(example, list[at - 1]) === 0) return;
  list.splice(at, 0, example);
  if (list.length > sample.limit) list.pop();
  if (list.length === sample.limit) sample.last[cell] = list[list.length - 1].random;
}

/** The caption in `bytes[start .. end)`, of no more than LONGEST_CAPTION code points; what is no UTF-8 is replaced. */
function captionOf(bytes: Uint8Array, start: number, end: number): string {
  // A code point has at most four bytes, so that these are enough to see that there are more.
  const points = Array.from(decoder.decode(bytes.subarray(start, Math.min(end, start + LONGEST_BYTES + 4))));
  return points.length <= LONGEST_CAPTION ? points.join('') : `${points.slice(0, LONGEST_CAPTION - 1).join('')}…`;
}

/**
 * Adds the captions of the rows in `indices`; null and empty ones are none.
 * @param random [rows] numbers in [0, 1), the same whenever the row is read
 */
export function addExamples(
  sample: ExampleSample,
  text: Utf8Column,
  tags: Tags,
  random: Float64Array,
  indices: Uint32Array,
): void {
  const { attributes: m, labels: c, last } = sample;
  for (const row of indices) {
    const start = text.offsets[row];
    const end = text.offsets[row + 1];
    if (start === end || (text.valid !== undefined && text.valid[row] === 0)) continue;
    let example: Example | undefined;
    for (let k = 0; k < m; k++) {
      const s = tags.attributes[row * m + k];
      if (s === UNKNOWN) continue;
      for (let at = tags.offsets[row]; at < tags.offsets[row + 1]; at++) {
        const cell = (k * c + tags.labels[at]) * CELLS_OF_PAIR + s;
        if (random[row] > last[cell]) continue;
        // Few rows come this far once the cells are full, so captions are decoded here.
        example ??= { random: random[row], caption: captionOf(text.values, start, end) };
        insert(sample, cell, example);
      }
    }
  }
}

/** Adds `from`, of the same shape, to `into`. */
export function mergeExamples(into: ExampleSample, from: ExampleSample): ExampleSample {
  for (const [cell, list] of from.cells) for (const example of list) insert(into, cell, example);
  return into;
}

/** Captions of rows with label r in which attribute k is present, and absent. */
export function examplesOf({ labels, cells }: ExampleSample, k: number, r: number) {
  const captions = (s: number) => (cells.get((k * labels + r) * CELLS_OF_PAIR + s) ?? []).map(({ caption }) => caption);
  return { present: captions(1), absent: captions(0) };
}

/** Each example once, then by cell which of them it has. The same samples have the same bytes. */
export function encodeExamples({ cells }: ExampleSample): Uint8Array {
  const all = [...cells.values()].flat().sort(compareExamples);
  const places = new Map<Example, number>();
  const distinct: Example[] = [];
  for (const example of all) {
    if (distinct.length === 0 || compareExamples(distinct[distinct.length - 1], example) !== 0) distinct.push(example);
    places.set(example, distinct.length - 1);
  }
  const writer = new ByteWriter();
  writer.number(distinct.length);
  for (const { random, caption } of distinct) {
    writer.double(random);
    writer.text(Buffer.from(caption));
  }
  writer.number(cells.size);
  for (const [cell, list] of [...cells].sort(([a], [b]) => a - b)) {
    writer.number(cell);
    writer.number(list.length);
    for (const example of list) writer.number(places.get(example)!);
  }
  return writer.take();
}

function refuse(place: string, expected: string, got: string): InputError {
  return new InputError('examples', { place, expected, got });
}

/** Throws InputError where the bytes are not those of a sample of this shape. */
export function decodeExamples(bytes: Uint8Array, shape: ExampleShape): ExampleSample {
  const sample = emptyExamples(shape);
  const reader = new ByteReader('examples', bytes);
  const distinct = Array.from({ length: reader.number(Math.min(bytes.length, mostExamples(shape))) }, (_, i) => {
    const random = reader.double();
    if (!(random >= 0 && random < 1)) throw refuse(`example ${i}`, 'a number from 0 to below 1', `${random}`);
    const text = reader.text();
    if (text.length > LONGEST_BYTES) throw refuse(`example ${i}`, `at most ${LONGEST_BYTES} bytes`, `${text.length}`);
    return { random, caption: decoder.decode(text) };
  });
  for (let rest = reader.number(sample.last.length); rest > 0; rest--) {
    const cell = reader.number(sample.last.length - 1);
    for (let more = reader.number(shape.limit); more > 0; more--) {
      const place = reader.number();
      if (place >= distinct.length) throw refuse(`cell ${cell}`, `one of ${distinct.length} examples`, `${place}`);
      insert(sample, cell, distinct[place]);
    }
  }
  reader.end();
  return sample;
}
