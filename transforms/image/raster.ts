/** Encoded images as sharp opens them. Bytes are hostile: only common raster formats are decoded, and only up to a size. */
import { DataType, type RecordBatch } from 'apache-arrow';
import type { Sharp } from 'sharp';
import { type ImageFormat, imageFormat } from '../../formats/index.js';
import { InputError } from '../../schemas/errors.js';
import { loadOptional } from '../optional-package.js';
import { columnData, validity } from '../tag/column.js';

export type SharpModule = typeof import('sharp').default;

/** Formats that are decoded: libvips would also open some that name other files, such as SVG. */
export const RASTER_FORMATS: readonly ImageFormat[] = ['jpeg', 'png', 'gif', 'webp'];

/** 64 megapixels, 256 MB decoded: what a bomb may take. Ours. */
const MAXIMUM_PIXELS = 2 ** 26;

/** @param wanted as `loadOptional` has it. Throws ConfigError where it is not installed. */
export function loadSharp(wanted: string, install: string): Promise<SharpModule> {
  return loadOptional('sharp', wanted, install, async () => (await import('sharp')).default);
}

/** The image, to be decoded; of an animation the first picture. undefined where the first bytes are of no format that is decoded. */
export function openRaster(sharp: SharpModule, bytes: Uint8Array): Sharp | undefined {
  const format = imageFormat(bytes);
  if (format === undefined || !RASTER_FORMATS.includes(format)) return undefined;
  return sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' });
}

/** The bytes of each row's image, null where there is none. Throws InputError naming the column where it is not binary. */
export function encodedImages(batch: RecordBatch, name: string): readonly (Uint8Array | null)[] {
  const data = columnData(batch, name);
  if (DataType.isNull(data.type)) return new Array(data.length).fill(null);
  if (!DataType.isBinary(data.type)) {
    throw new InputError('images', {
      place: `column ${name}`,
      expected: 'encoded images (Binary)',
      got: `${data.type}`,
    });
  }
  const valid = validity(data);
  const offsets = data.valueOffsets as Int32Array;
  const values = (data.values ?? new Uint8Array(0)) as Uint8Array;
  return Array.from({ length: data.length }, (_, row) => {
    if (valid !== undefined && valid[row] === 0) return null;
    const bytes = values.subarray(offsets[row]!, offsets[row + 1]!);
    return bytes.length === 0 ? null : bytes;
  });
}
