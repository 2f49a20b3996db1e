/** Encoded images to the pixels that a classifier is fed. */
import type { OnnxConfig } from '../../schemas/models-config.js';
import { openRaster } from '../image/raster.js';
import { type Box, pixelsOf } from './faces.js';
import { loadDecoder } from './packages.js';

export type ImageInput = OnnxConfig['input'];

/** Why an image has no pixels. */
export const NO_IMAGE = 'no image';
export const UNDECODABLE = 'no JPEG, PNG, GIF or WebP that can be decoded';

const CHANNELS = 3;

export interface Decoder {
  /** Pixels [height, width, 3], 0 to 255, RGB; of the box, or of the whole image. undefined where the image cannot be decoded. */
  decode(bytes: Uint8Array, box: Box | undefined): Promise<Uint8Array | undefined>;
}

/** Decodes and resizes to the input's size, without regard to orientation tags, as training loaders do. Throws ConfigError without sharp. */
export async function createDecoder({ width, height, resize }: ImageInput): Promise<Decoder> {
  const sharp = await loadDecoder();
  const kernel = resize;
  return {
    async decode(bytes, box) {
      let image = openRaster(sharp, bytes);
      if (image === undefined) return undefined;
      try {
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
