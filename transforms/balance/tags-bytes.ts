/** Tags with their utility as one run of bytes, aligned so that reading them copies nothing a row. */
import { InputError } from '../../schemas/errors.js';
import type { Tags } from '../../schemas/tags.js';

/** What the fit reads of a batch. */
export interface TagsBatch {
  readonly tags: Tags;
  /** Raw utility [rows], NaN where null; left out where there is no utility column. */
  readonly utility?: Float64Array;
}

const HEADER_BYTES = 16;

/**
 * Header: rows, m, labels, whether there is a utility (uint32). Then float64 utility [rows], uint32 offsets [rows + 1], uint16 labels,
 * uint8 attributes [rows, m]: each begins where its type may be read. Numbers are in the machine's order, as in Arrow: little-endian.
 */
export function encodeTags({ tags, utility }: TagsBatch): Uint8Array {
  const { rows, attributes, offsets, labels } = tags;
  const m = rows === 0 ? 0 : attributes.length / rows;
  const first = offsets[0];
  const count = offsets[rows] - first;
  const bytes = new Uint8Array(size(rows, m, count, utility !== undefined));
  new Uint32Array(bytes.buffer, 0, 4).set([rows, m, count, utility === undefined ? 0 : 1]);
  const part = parts(bytes, rows, m, count, utility !== undefined);
  if (utility !== undefined) part.utility?.set(utility.subarray(0, rows));
  part.offsets.set(offsets.subarray(0, rows + 1));
  if (first > 0) for (let i = 0; i <= rows; i++) part.offsets[i] -= first;
  part.labels.set(labels.subarray(first, first + count));
  part.attributes.set(attributes.subarray(0, rows * m));
  return bytes;
}

/** A batch in its order, halved until each part has at most `maximum` bytes or one row. */
export function* cutTags(batch: TagsBatch, maximum: number): Generator<TagsBatch> {
  const { tags, utility } = batch;
  const { rows, attributes, offsets } = tags;
  const m = rows === 0 ? 0 : attributes.length / rows;
  if (rows <= 1 || size(rows, m, offsets[rows] - offsets[0], utility !== undefined) <= maximum) {
    yield batch;
    return;
  }
  const middle = rows >> 1;
  for (const [from, to] of [
    [0, middle],
    [middle, rows],
  ]) {
    const part = {
      rows: to - from,
      attributes: attributes.subarray(from * m, to * m),
      offsets: offsets.subarray(from, to + 1),
      labels: tags.labels,
    };
    yield* cutTags(
      utility === undefined ? { tags: part } : { tags: part, utility: utility.subarray(from, to) },
      maximum,
    );
  }
}

/** The batch of `encodeTags`'s bytes, as views of one copy of them. Throws an InputError for lengths that do not agree. */
export function decodeTags(from: Uint8Array): TagsBatch {
  const bytes = from.slice();
  if (bytes.length < HEADER_BYTES) throw refuse('a header', bytes.length);
  const [rows, m, count, hasUtility] = new Uint32Array(bytes.buffer, 0, 4);
  const wanted = size(rows, m, count, hasUtility === 1);
  if (bytes.length !== wanted) throw refuse(`${wanted} bytes`, bytes.length);
  const { utility, ...arrays } = parts(bytes, rows, m, count, hasUtility === 1);
  if (arrays.offsets[0] !== 0 || arrays.offsets[rows] !== count) throw refuse(`${count} labels`, arrays.offsets[rows]);
  const tags = { rows, ...arrays };
  return utility === undefined ? { tags } : { tags, utility };
}

function parts(bytes: Uint8Array<ArrayBuffer>, rows: number, m: number, count: number, hasUtility: boolean) {
  const { buffer } = bytes;
  const offsetsAt = HEADER_BYTES + (hasUtility ? 8 * rows : 0);
  const labelsAt = offsetsAt + 4 * (rows + 1);
  return {
    utility: hasUtility ? new Float64Array(buffer, HEADER_BYTES, rows) : undefined,
    offsets: new Uint32Array(buffer, offsetsAt, rows + 1),
    labels: new Uint16Array(buffer, labelsAt, count),
    attributes: new Uint8Array(buffer, labelsAt + 2 * count, rows * m),
  };
}

function size(rows: number, m: number, count: number, hasUtility: boolean): number {
  return HEADER_BYTES + (hasUtility ? 8 * rows : 0) + 4 * (rows + 1) + 2 * count + rows * m;
}

function refuse(expected: string, got: number): InputError {
  return new InputError('Bytes of tags', { expected, got: String(got) });
}
