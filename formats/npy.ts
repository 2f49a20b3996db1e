/**
 * Arrays of NumPy as vectors, a row each: the NPY format, versions 1 to 3 (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 * Own code: the packages that read it load whole arrays through `fetch`, and rows are wanted here in ranges.
 */
import type { ByteSource } from '../schemas/bytes.js';
import { InputError } from '../schemas/errors.js';

export type FloatType = 'float16' | 'float32' | 'float64';
/** float16 comes as its bits. */
export type FloatValues = Uint16Array | Float32Array | Float64Array;

/** Vectors in a file: [rows, dims], row-major. */
export interface VectorArray {
  readonly rows: number;
  readonly dims: number;
  readonly type: FloatType;
  /** Rows from..to (exclusive), [to - from, dims], in memory of their own. Throws RangeError beyond the rows. */
  read(from: number, to: number): Promise<FloatValues>;
}

const MAGIC = '\x93NUMPY';
const PREFIX_BYTES = 12;
/** A header of an array of numbers has some hundred bytes; NumPy itself refuses to parse more than 10,000. */
const MAXIMUM_HEADER_BYTES = 10_000;
const MAXIMUM_DIMS = 65_536;

const TYPES: Readonly<Record<string, { readonly type: FloatType; readonly bytes: number }>> = {
  '<f2': { type: 'float16', bytes: 2 },
  '<f4': { type: 'float32', bytes: 4 },
  '<f8': { type: 'float64', bytes: 8 },
};

/** Bytes as little-endian floats, copied to where they may be read as such. */
export function floatsOf(bytes: Uint8Array, type: FloatType): FloatValues {
  // Not bytes.slice(): that of a Buffer copies nothing.
  const { buffer } = new Uint8Array(bytes);
  if (type === 'float16') return new Uint16Array(buffer);
  return type === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer);
}

/**
 * The array in bytes `start..end` of a source; left out: all of it. An array of one dimension is one column of vectors of length 1.
 * @throws InputError for another format, element type, order, number of dimensions, or a length that is not the header's.
 */
export async function openNpy(
  source: ByteSource,
  place = 'array',
  start = 0,
  end = source.bytes,
): Promise<VectorArray> {
  const refuse = (expected: string, got: string) =>
    new InputError('NumPy array', { file: source.name, place, expected, got });
  if (end - start < PREFIX_BYTES) throw refuse('an NPY file', `${end - start} bytes`);
  const prefix = Buffer.from(await source.read(start, start + PREFIX_BYTES));
  if (prefix.toString('latin1', 0, MAGIC.length) !== MAGIC) throw refuse('an NPY file', 'other first bytes');
  const version = prefix[6]!;
  if (version < 1 || version > 3) throw refuse('NPY version 1, 2 or 3', `${version}`);
  const lengthBytes = version === 1 ? 2 : 4;
  const headerBytes = version === 1 ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8);
  const headerStart = start + 8 + lengthBytes;
  const data = headerStart + headerBytes;
  if (headerBytes > MAXIMUM_HEADER_BYTES || data > end) {
    throw refuse(`a header of at most ${MAXIMUM_HEADER_BYTES} bytes`, `${headerBytes}`);
  }
  const header = Buffer.from(await source.read(headerStart, data)).toString('latin1');
  const descr = /'descr': '([^']{1,8})'/.exec(header)?.[1];
  const known = descr === undefined ? undefined : TYPES[descr];
  if (known === undefined) throw refuse('float16, float32 or float64, little-endian', descr ?? 'another header');
  if (!/'fortran_order': False/.test(header)) throw refuse('row-major order', 'Fortran order');
  const shape = /'shape': \(([\d, ]*)\)/.exec(header)?.[1]?.match(/\d+/g)?.map(Number) ?? [];
  if (shape.length < 1 || shape.length > 2) throw refuse('one or two dimensions', `${shape.length}`);
  const [rows, dims = 1] = shape as [number, number?];
  if (dims < 1 || dims > MAXIMUM_DIMS) throw refuse(`vectors of 1 to ${MAXIMUM_DIMS} numbers`, `${dims}`);
  const rowBytes = dims * known.bytes;
  if (!Number.isSafeInteger(rows * rowBytes) || rows * rowBytes !== end - data) {
    throw refuse(`${rows} rows of ${rowBytes} bytes, as the header says`, `${end - data} bytes`);
  }
  return {
    rows,
    dims,
    type: known.type,
    async read(from, to) {
      if (!(from >= 0 && from <= to && to <= rows)) throw new RangeError(`rows ${from} to ${to} of ${rows}`);
      return floatsOf(await source.read(data + from * rowBytes, data + to * rowBytes), known.type);
    },
  };
}

/** A source of bytes in memory. */
export function sourceOf(name: string, bytes: Uint8Array): ByteSource {
  return { name, bytes: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}
