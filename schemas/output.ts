/** What a run writes, and how. */
import * as z from 'zod';
import { identifier, path } from './config-values.js';

export const OUTPUT_FORMATS = ['parquet', 'arrow', 'tfrecord', 'webdataset', 'datacomp'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Name of the split that `stages` writes beside the balanced one. */
export const RAW_SPLIT = 'raw';

/** Formats of images that are written. */
const ENCODED_FORMATS = ['jpeg', 'png', 'webp'] as const;

/** Of JPEG and WebP, as img2dataset has it. */
export const DEFAULT_QUALITY = 95;

export const imagesSchema = z.strictObject({
  resize: z
    .number()
    .int()
    .min(1)
    .max(16_383)
    .optional()
    .describe('Pixels of the shorter side at most; the other follows, and no image is enlarged'),
  format: z.enum(ENCODED_FORMATS).default('jpeg').describe('Of the images that are written'),
  quality: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe(`Of jpeg and webp; ${DEFAULT_QUALITY} where it is not given`),
});
export type ImagesConfig = z.infer<typeof imagesSchema>;

export const outputSchema = z.strictObject({
  directory: path.describe('The folder that the run writes'),
  formats: z
    .array(z.enum(OUTPUT_FORMATS))
    .default(['parquet'])
    .describe('Formats of the balanced shards; datacomp: one file of uids in the place of shards'),
  weights: z.enum(['parquet', 'arrow', 'none']).default('parquet').describe('Format of the table of weights'),
  name: identifier.default('pairs').describe('First part of the name of a shard'),
  split: identifier.default('train').describe('Second part of the name of a shard, as TFDS has it'),
  shardRows: z.number().int().min(1).optional().describe('Rows a shard, on average'),
  shardBytes: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Bytes a shard, estimated from the input; default 256 MiB where shardRows is not given'),
  shuffle: z
    .enum(['none', 'global'])
    .default('none')
    .describe('Order of the rows in the shards: none, that of the input; global, by a hash over all shards'),
  stages: z
    .number()
    .gt(0)
    .max(0.5)
    .optional()
    .describe(
      'Train in two stages: this share of the examples on data that are filtered and not balanced, the rest on the balanced. Writes a sample of the former as the split `raw`',
    ),
  images: imagesSchema
    .optional()
    .describe(
      'Decode every image that is written and encode it again, with the package sharp; left out: images are written byte for byte as they were read',
    ),
  compression: z.enum(['snappy', 'zstd', 'none']).default('snappy').describe('Of Parquet shards'),
  overwrite: z.boolean().default(false).describe('Replace another finished run in this directory'),
});
