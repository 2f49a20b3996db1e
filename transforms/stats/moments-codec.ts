/** Moments as bytes: only the cells that hold something, in varints. Canonical: equal moments give equal bytes. */
import { InputError } from '../../schemas/errors.js';
import { createSums, type ExactSums } from '../../schemas/exact-sum.js';
import { MAXIMUM_ATTRIBUTES, type Moments } from '../../schemas/moments.js';
import { MAXIMUM_LABELS } from '../../schemas/tags.js';
import { emptyMoments, unitSums, widthOf } from './moments.js';

const FORMAT_VERSION = 1;
/** Of a whole number up to 2^53, 7 bits a byte. */
const VARINT_BYTES = 8;
/** Gap, support, and two sums of two numbers. */
const NUMBERS_PER_CELL = 6;
const HEADER_NUMBERS = 5;

function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest >= 128) {
    out[next++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out[next++] = rest;
  return next;
}

function equalSums(a: ExactSums, b: ExactSums): boolean {
  return a.lo.every((x, i) => x === b.lo[i]) && a.hi.every((x, i) => x === b.hi[i]);
}

/**
 * Bytes of moments: version, m, c, 1 if weighted, number of cells; then for each cell that holds something the gap to the
 * one before, support and, if weighted, hi and lo of both sums.
 */
export function encodeMoments(moments: Moments): Uint8Array {
  const support = moments.support ?? new Float64Array(0);
  const ones = moments.weighted === null ? null : unitSums(support);
  // Moments whose weights turn out to be all 1 are the same as counts.
  const sums =
    ones === null || (equalSums(moments.weighted!.weights, ones) && equalSums(moments.weighted!.squares, ones))
      ? null
      : moments.weighted;
  let cells = 0;
  for (let i = 0; i < support.length; i++) if (support[i] !== 0) cells++;
  const out = new Uint8Array(VARINT_BYTES * (HEADER_NUMBERS + cells * (sums === null ? 2 : NUMBERS_PER_CELL)));
  let at = writeVarint(out, 0, FORMAT_VERSION);
  at = writeVarint(out, at, moments.attributes);
  at = writeVarint(out, at, moments.labels);
  at = writeVarint(out, at, sums === null ? 0 : 1);
  at = writeVarint(out, at, cells);
  let last = -1;
  for (let i = 0; i < support.length; i++) {
    if (support[i] === 0) continue;
    at = writeVarint(out, at, i - last - 1);
    at = writeVarint(out, at, support[i]);
    last = i;
    if (sums === null) continue;
    at = writeVarint(out, at, sums.weights.hi[i]);
    at = writeVarint(out, at, sums.weights.lo[i]);
    at = writeVarint(out, at, sums.squares.hi[i]);
    at = writeVarint(out, at, sums.squares.lo[i]);
  }
  return out.slice(0, at);
}

/** Moments of bytes that `encodeMoments` wrote. Throws InputError for any others, before it takes memory for them. */
export function decodeMoments(bytes: Uint8Array): Moments {
  let at = 0;
  const number = (what: string, maximum: number): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES; i++, scale *= 128) {
      if (at >= bytes.length) throw new InputError('moments', { place: what, expected: 'more bytes', got: 'the end' });
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) break;
      if (i === VARINT_BYTES - 1) value = Number.POSITIVE_INFINITY;
    }
    if (value > maximum) {
      throw new InputError('moments', { place: what, expected: `at most ${maximum}`, got: `${value}` });
    }
    return value;
  };
  const version = number('version', Number.MAX_SAFE_INTEGER);
  if (version !== FORMAT_VERSION) {
    throw new InputError('moments', { place: 'version', expected: `${FORMAT_VERSION}`, got: `${version}` });
  }
  const moments = emptyMoments(number('attributes', MAXIMUM_ATTRIBUTES), number('labels', MAXIMUM_LABELS));
  const weighted = number('weighted', 1) === 1;
  const size = (moments.labels + 1) * widthOf(moments);
  const cells = number('cells', Math.min(size, bytes.length));
  if (cells > 0) {
    moments.support = new Float64Array(size);
    if (weighted) moments.weighted = { weights: createSums(size), squares: createSums(size) };
  }
  for (let cell = 0, i = -1; cell < cells; cell++) {
    i += 1 + number('cell', size - i - 2);
    moments.support![i] = number('support', Number.MAX_SAFE_INTEGER);
    if (moments.weighted === null) continue;
    for (const sums of [moments.weighted.weights, moments.weighted.squares]) {
      sums.hi[i] = number('sum', Number.MAX_SAFE_INTEGER);
      sums.lo[i] = number('sum', Number.MAX_SAFE_INTEGER);
    }
  }
  if (at !== bytes.length) {
    throw new InputError('moments', { place: 'end', expected: `${at} bytes`, got: `${bytes.length}` });
  }
  return moments;
}
