/** manifest.json: written last; a directory without it holds no finished run. */
import * as z from 'zod';

export const MANIFEST_VERSION = 1;

export const manifestFileSchema = z.strictObject({
  path: z.string().describe('Relative to the manifest'),
  kind: z.enum([
    'shard',
    'raw',
    'weights',
    'description',
    'training',
    'subset',
    'report',
    'page',
    'state',
    'duals',
    'dead-letter',
    'ledger',
    'set',
    'night',
  ]),
  format: z.string(),
  rows: z.number().int().min(0).optional(),
  bytes: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ManifestFile = z.infer<typeof manifestFileSchema>;

export const manifestSchema = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  run: z
    .string()
    .describe('Hash of the configuration, the input files (path, size, time) and the version of m4-balance'),
  m4Balance: z.string(),
  rows: z.strictObject({
    read: z.number(),
    kept: z.number(),
    written: z.number(),
    dropped: z.record(z.string(), z.number()),
  }),
  certificate: z.record(z.string(), z.unknown()),
  encoder: z
    .record(z.string(), z.string())
    .optional()
    .describe('Versions of what encoded the images again: the same give the same bytes'),
  config: z.record(z.string(), z.unknown()),
  files: z.array(manifestFileSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;
