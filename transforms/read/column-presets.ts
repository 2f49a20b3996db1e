/** What data sets call their columns. */
import type { CanonicalColumn, ColumnPreset } from '../../schemas/config.js';

export type Candidates = Partial<Record<CanonicalColumn, readonly string[]>>;

/** Extensions of images in WebDataset shards, which are the names of their columns: of each row, the first that it has. */
export const IMAGE_EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'gif', 'bmp', 'tif', 'tiff'] as const;

/**
 * Input names of each canonical column, best first, matched without regard to case.
 * img2dataset: its WebDataset and TFRecord shards, whose JSON has url, width and height; webdataset's programs call images by their extension.
 * laion: the metadata of LAION-400M and LAION-5B; commonpool: DataComp's metadata. CommonPool has two
 * similarity scores, so neither becomes `similarity`: filters name the one they mean.
 */
export const PRESETS: Readonly<Record<ColumnPreset, Candidates>> = {
  laion: {
    id: ['sample_id', 'uid', 'key', 'hash'],
    text: ['text', 'caption'],
    url: ['url'],
    width: ['width', 'original_width'],
    height: ['height', 'original_height'],
    language: ['language'],
    similarity: ['similarity'],
  },
  img2dataset: {
    id: ['__key__', 'key'],
    text: ['txt', 'caption'],
    url: ['url'],
    width: ['width', 'original_width'],
    height: ['height', 'original_height'],
    image: IMAGE_EXTENSIONS,
  },
  commonpool: {
    id: ['uid'],
    text: ['text'],
    url: ['url'],
    width: ['original_width'],
    height: ['original_height'],
  },
  auto: {
    id: ['id', 'uid', 'sample_id', 'key', '__key__'],
    text: ['text', 'txt', 'caption'],
    url: ['url'],
    width: ['width', 'original_width'],
    height: ['height', 'original_height'],
    image: ['image', ...IMAGE_EXTENSIONS],
    language: ['language'],
    similarity: ['similarity'],
  },
};
