/** Encoded images to the pixels that a classifier is fed. Bytes are hostile: only common raster formats are decoded, and only up to a size. */
import { DataType, type RecordBatch } from 'apache-arrow';
import { InputError } from '../../schemas/errors.js';
import type { OnnxConfig } from '../../schemas/models-config.js';
import { columnData, validity } from '../tag/column.js';
import { type Box, pixelsOf } from './faces.js';
import { loadSharp } from './packages.js';

export type ImageInput = OnnxConfig['input'];

/** Why an image has no pixels. */
export const NO_IMAGE = 'no image';
export const UNDECODABLE = 'no JPEG, PNG, GIF or WebP that can be decoded';

/** 64 megapixels, 256 MB decoded: what a bomb may take. Ours. */
const MAXIMUM_PIXELS = 2 ** 26;
const CHANNELS = 3;

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

/** By the first bytes: libvips would also open formats that name other files, such as SVG. */
function isRaster(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length)).toString('latin1');
  return /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP)/s.test(head);
}

export interface Decoder {
  /** Pixels [height, width, 3], 0 to 255, RGB; of the box, or of the whole image. undefined where the image cannot be decoded. */
  decode(bytes: Uint8Array, box: Box | undefined): Promise<Uint8Array | undefined>;
}

/** Decodes and resizes to the input's size, without regard to orientation tags, as training loaders do. Throws ConfigError without sharp. */
export async function createDecoder({ width, height, resize }: ImageInput): Promise<Decoder> {
  const sharp = await loadSharp();
  const kernel = resize;
  return {
    async decode(bytes, box) {
      if (!isRaster(bytes)) return undefined;
      try {
        let image = sharp(bytes, { limitInputPixels: MAXIMUM_PIXELS, failOn: 'error' });
        if (box !== undefined) {
          const size = await image.metadata();
          image = image.extract(pixelsOf(box, size.width, size.height));
        }
        const { data, info } = await image
          .resize(width, height, { fit: 'fill', kernel })
          .toColourspace('srgb')
          .removeAlpha()
          .raw({ depth: 'uchar' })
          .toBuffer({ resolveWithObject: true });
        return info.channels === CHANNELS ? data : undefined;
      } catch {
        // Whatever libvips says of the bytes, they are no image that could be used.
        return undefined;
      }
    },
  };
}

/** Puts pixels [height, width, 3] into image number `at` of a tensor, as (x - mean) * scale in the model's layout. */
export function fillTensor(pixels: Uint8Array, input: ImageInput, tensor: Float32Array, at: number): void {
  const { layout, colours } = input;
  const area = input.width * input.height;
  const base = at * area * CHANNELS;
  for (let channel = 0; channel < CHANNELS; channel++) {
    const mean = Array.isArray(input.mean) ? input.mean[channel]! : input.mean;
    const scale = Array.isArray(input.scale) ? input.scale[channel]! : input.scale;
    const from = colours === 'rgb' ? channel : CHANNELS - 1 - channel;
    const first = layout === 'nchw' ? base + channel * area : base + channel;
    const step = layout === 'nchw' ? 1 : CHANNELS;
    for (let i = 0, to = first; i < area; i++, to += step) tensor[to] = (pixels[i * CHANNELS + from]! - mean) * scale;
  }
}
