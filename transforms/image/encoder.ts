/** Images decoded and encoded again, smaller or in a format that a trainer opens. */
import { ConfigError } from '../../schemas/errors.js';
import { DEFAULT_QUALITY, type ImagesConfig } from '../../schemas/output.js';
import type { Job } from '../read/job.js';
import { loadSharp, openRaster, type SharpModule } from './raster.js';

/** Where an image is transparent, as img2dataset has it. */
const BACKGROUND = '#ffffff';

/** What libvips says when there is no memory: of the machine and not of the image. */
const OUT_OF_MEMORY = /out of memory|cannot allocate/i;

/** Versions by package of what decides the bytes: the same give the same on the same kind of processor. */
export type EncoderVersions = Readonly<Record<string, string>>;

export interface Reencoded {
  readonly bytes: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Encoder {
  readonly versions: EncoderVersions;
  /** undefined where the image cannot be decoded, or is too large for the format. */
  encode(bytes: Uint8Array): Promise<Reencoded | undefined>;
}

function versionsOf({ versions }: SharpModule): EncoderVersions {
  return { sharp: versions.sharp!, libvips: versions.vips };
}

/**
 * Upright by its orientation tag, in sRGB without transparency and without metadata; of an animation the first picture. Throws ConfigError without sharp, or
 * where it has other versions than those given, which the run was planned with.
 */
export async function openEncoder(
  { resize, format, quality = DEFAULT_QUALITY }: ImagesConfig,
  planned?: EncoderVersions,
): Promise<Encoder> {
  const sharp = await loadSharp('output.images', 'sharp');
  const versions = versionsOf(sharp);
  const text = (of: EncoderVersions) => Object.entries(of).map(([name, version]) => `${name} ${version}`);
  if (planned !== undefined && text(planned).join() !== text(versions).join()) {
    throw new ConfigError([
      `output.images: expected ${text(planned).join(', ')}, with which the run was planned, got ${text(versions).join(', ')} on this machine. Install the same.`,
    ]);
  }
  return {
    versions,
    async encode(given) {
      const image = openRaster(sharp, given);
      if (image === undefined) return undefined;
      try {
        image.autoOrient();
        if (resize !== undefined) image.resize(resize, resize, { fit: 'outside', withoutEnlargement: true });
        image.flatten({ background: BACKGROUND }).toColourspace('srgb');
        image.toFormat(format, format === 'png' ? {} : { quality });
        const { data, info } = await image.toBuffer({ resolveWithObject: true });
        return { bytes: data, width: info.width, height: info.height };
      } catch (error) {
        if (error instanceof Error && OUT_OF_MEMORY.test(error.message)) throw error;
        return undefined;
      }
    },
  };
}

/** The encoder of a job; undefined where images are written as they were read. Throws as `openEncoder`. */
export async function encoderOf({ config, encoder }: Job): Promise<Encoder | undefined> {
  const { images } = config.output;
  return images && openEncoder(images, encoder);
}
