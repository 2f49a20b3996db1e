/** What filters and taggers said of the rows of a split, put together batch by batch and taken apart again, however its rows are cut into batches then. */
import { deserialize, serialize } from 'node:v8';
import { InputError } from '../../schemas/errors.js';
import type { Tags } from '../../schemas/tags.js';

export interface Verdicts {
  /** [rows] drop codes, 0 for rows that are kept. */
  readonly drop: Uint8Array;
  /** Of the rows that are kept; without `sources`. */
  readonly tags: Tags;
}

/** Tags of some rows, one after the other; all with or all without roundings. */
function concatTags(parts: readonly Tags[]): Tags {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const m = parts.reduce((most, part) => (part.rows === 0 ? most : part.attributes.length / part.rows), 0);
  const count = parts.reduce((sum, { offsets, rows: n }) => sum + offsets[n]! - offsets[0]!, 0);
  const attributes = new Uint8Array(rows * m);
  const offsets = new Uint32Array(rows + 1);
  const labels = new Uint16Array(count);
  const rounding = parts.some((part) => part.rounding !== undefined) ? new Float32Array(rows * m) : undefined;
  let row = 0;
  let at = 0;
  for (const part of parts) {
    const first = part.offsets[0]!;
    const last = part.offsets[part.rows]!;
    attributes.set(part.attributes.subarray(0, part.rows * m), row * m);
    if (part.rounding !== undefined) rounding?.set(part.rounding.subarray(0, part.rows * m), row * m);
    labels.set(part.labels.subarray(first, last), at);
    for (let i = 0; i < part.rows; i++) offsets[row + i + 1] = at + part.offsets[i + 1]! - first;
    row += part.rows;
    at += last - first;
  }
  return { rows, attributes, offsets, labels, ...(rounding && { rounding }) };
}

/** The verdicts on some rows, one after the other. */
export function concatVerdicts(parts: readonly Verdicts[]): Verdicts {
  const drop = new Uint8Array(parts.reduce((sum, part) => sum + part.drop.length, 0));
  let at = 0;
  for (const part of parts) {
    drop.set(part.drop, at);
    at += part.drop.length;
  }
  return { drop, tags: concatTags(parts.map(({ tags }) => tags)) };
}

/** Bytes that verdicts take in memory, within a few. */
export function verdictBytes({ drop, tags }: Verdicts): number {
  const { rows, attributes, offsets, rounding } = tags;
  return drop.length + attributes.length + 4 * rows + 2 * (offsets[rows]! - offsets[0]!) + 4 * (rounding?.length ?? 0);
}

/** A function that cuts the verdicts on rows `[from, to)` out; quickest where it is asked for neighbours in their order. */
export function verdictCutter({ drop, tags }: Verdicts): (from: number, to: number) => Verdicts {
  const m = tags.rows === 0 ? 0 : tags.attributes.length / tags.rows;
  /** Rows before `row` that are kept. */
  let row = 0;
  let kept = 0;
  return (from, to) => {
    if (from < row) row = kept = 0;
    for (; row < from; row++) if (drop[row] === 0) kept++;
    const first = kept;
    for (; row < to; row++) if (drop[row] === 0) kept++;
    const start = tags.offsets[first]!;
    const part: Tags = {
      rows: kept - first,
      attributes: tags.attributes.subarray(first * m, kept * m),
      offsets: tags.offsets.subarray(first, kept + 1).map((offset) => offset - start),
      labels: tags.labels.subarray(start, tags.offsets[kept]),
      ...(tags.rounding && { rounding: tags.rounding.subarray(first * m, kept * m) }),
    };
    return { drop: drop.subarray(from, to), tags: part };
  };
}

export function encodeVerdicts({ drop, tags }: Verdicts): Uint8Array {
  return new Uint8Array(serialize({ drop, tags } satisfies Verdicts));
}

/** Throws an InputError where the bytes are not the verdicts on so many rows. */
export function decodeVerdicts(bytes: Uint8Array, rows: number): Verdicts {
  const { drop, tags } = deserialize(new Uint8Array(bytes)) as Verdicts;
  if (drop.length !== rows) throw new InputError('verdicts', { expected: `${rows} rows`, got: `${drop.length}` });
  return { drop, tags };
}
