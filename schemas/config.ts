/** The configuration: its only definition. Validates, gives defaults and types, and is published as JSON Schema. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const columnName = z.string().min(1);
const oneOrMany = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

/** Canonical column names, in the order in which a batch carries them. */
export const CANONICAL_COLUMNS = ['id', 'text', 'url', 'width', 'height', 'image', 'language', 'similarity'] as const;
export type CanonicalColumn = (typeof CANONICAL_COLUMNS)[number];

export const columnMappingSchema = z
  .strictObject(
    Object.fromEntries(CANONICAL_COLUMNS.map((name) => [name, columnName.optional()])) as Record<
      CanonicalColumn,
      z.ZodOptional<typeof columnName>
    >,
  )
  .describe('Canonical name: name of the input column that holds it');

export const inputSchema = z.strictObject({
  files: oneOrMany.describe('A path, a folder, a glob, or a list of them'),
  columns: z
    .union([z.enum(['auto', 'laion', 'commonpool']), columnMappingSchema])
    .default('auto')
    .describe('A preset, or a mapping of canonical names to input columns; auto recognises the presets'),
  maximumBad: share.default(0.01).describe('The job fails when more than this share of rows or files is unreadable'),
});

const bounds = { minimum: z.number().optional(), maximum: z.number().optional() };

/** One variant a filter; a rule is an object with exactly one of these keys. */
export const filterRules = {
  words: z
    .strictObject({ column: columnName.default('text'), ...bounds })
    .describe('Number of whitespace-separated words of the caption'),
  characters: z
    .strictObject({ column: columnName.default('text'), ...bounds })
    .describe('Number of Unicode code points of the caption'),
  side: z.strictObject({ minimum: positive }).describe('Smaller side of the image, in pixels'),
  aspect: z.strictObject({ maximum: z.number().min(1) }).describe('Longer side over shorter side'),
  similarity: z
    .strictObject({
      column: columnName.default('similarity'),
      minimum: z.number().optional(),
      fraction: z.number().gt(0).max(1).optional(),
    })
    .refine((r) => (r.minimum === undefined) !== (r.fraction === undefined), {
      message: 'give either minimum or fraction',
    })
    .describe(
      'Image-text similarity: a threshold, or the top fraction of the whole input (exact; ties at the threshold are kept)',
    ),
  score: z
    .strictObject({ column: columnName, ...bounds })
    .describe('Any numeric column, for example punsafe, pwatermark'),
  nsfw: z
    .strictObject({ column: columnName.default('NSFW'), keep: z.array(z.string()).default(['UNLIKELY']) })
    .describe("LAION's NSFW verdict, a string column"),
  language: z
    .strictObject({
      keep: z.array(z.string().min(2)).min(1).default(['en']),
      column: columnName.default('language'),
      detect: z.enum(['missing', 'always', 'never']).default('missing'),
    })
    .describe('Language of the caption: by column, and by identification where the column is absent'),
  blocked: z
    .strictObject({
      terms: z.array(z.string().min(1)).optional(),
      file: z.string().optional(),
      column: columnName.default('text'),
    })
    .refine((r) => r.terms !== undefined || r.file !== undefined, { message: 'give terms or file' })
    .describe('Drops captions with any of these terms, as whole words'),
  present: z
    .strictObject({ columns: z.array(columnName).min(1) })
    .describe('Drops rows in which one of the columns is null or empty'),
  unique: z
    .strictObject({ column: columnName.default('id') })
    .describe('Keeps the first row, in input order, of each id (exact)'),
} as const;

export type FilterName = keyof typeof filterRules;
export const FILTER_PRESETS = ['datacomp-basic', 'datacomp-clip-score', 'laion2b'] as const;
export type FilterPreset = (typeof FILTER_PRESETS)[number];

const filterRuleSchema = z.union(
  (Object.keys(filterRules) as FilterName[]).map((name) =>
    z.strictObject({ [name]: filterRules[name] }),
  ) as unknown as [z.ZodType, z.ZodType],
);
export type FilterRule = { [K in FilterName]: { readonly [P in K]: z.infer<(typeof filterRules)[K]> } }[FilterName];

export const BUILT_IN_ATTRIBUTE_LEXICONS = ['gender', 'age'] as const;
export const BUILT_IN_LABEL_LEXICONS = ['occupations', 'proxies'] as const;

const target = share.default(0.5).describe('Target share of the attribute among examples where it is known');
export const attributeSchema = z.union([
  z
    .strictObject({ lexicon: z.string().min(1), value: z.string().min(1), column: columnName.default('text'), target })
    .describe(
      'From the caption: a built-in lexicon (gender, age) or the path of a TSV file with the columns term, value',
    ),
  z
    .strictObject({
      column: columnName,
      target,
      value: z.string().optional().describe('For a string or list column: the value that means present'),
      threshold: z.number().optional().describe('For a score: present from here'),
      below: z.number().optional().describe('For a score: absent below this; between it and threshold: unknown'),
    })
    .describe('From a column: boolean, 0/1, a score with a threshold, or a string'),
]);
export type AttributeConfig = z.infer<typeof attributeSchema>;

export const labelSchema = z.union([
  z
    .strictObject({ lexicon: z.string().min(1), column: columnName.default('text') })
    .describe('A built-in lexicon (occupations, proxies) or the path of a TSV file with the columns term, value'),
  z
    .strictObject({
      columns: z.array(columnName).min(1),
      threshold: z.number().optional(),
      exclude: z.array(columnName).default([]),
    })
    .describe('Boolean, 0/1 or score columns, by name or glob'),
  z
    .strictObject({
      list: columnName,
      minimumCount: z.number().int().min(1).default(1),
      maximum: z.number().int().min(1).max(65_535).default(65_535),
    })
    .describe('A list-of-strings column: each distinct string is a label'),
]);
export type LabelConfig = z.infer<typeof labelSchema>;

export const toleranceSchema = z.union([
  z.strictObject({
    representation: share.default(0.01),
    association: share.default(0.01),
    conditional: z.boolean().default(false),
  }),
  z.strictObject({ rb: share, ab: share }).describe('The RB and AB that are wanted; the tolerances follow'),
]);

export const balanceSchema = z.strictObject({
  rate: z
    .union([z.number().positive(), z.literal('auto')])
    .default('auto')
    .describe('E[q]: with maximum 1, the share of rows kept; auto: the largest feasible'),
  tolerance: toleranceSchema.default({ representation: 0.01, association: 0.01, conditional: false }),
  penalty: positive.default(10).describe('V, the price of violating a constraint'),
  maximum: z.number().positive().max(100).default(1).describe('Q, the largest weight'),
  fit: z.enum(['auto', 'exact', 'stream', 'online']).default('auto'),
  utility: columnName.optional().describe('A numeric column, scaled to mean 1; left out: 1'),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1),
  warm: z.string().optional().describe('duals.json of an earlier run to start from'),
  patterns: z
    .number()
    .int()
    .min(1)
    .default(1_000_000)
    .describe('auto: exact while there are at most this many distinct patterns'),
  streams: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(1)
    .describe('stream: independent keyed duals, averaged at the end'),
});

export const OUTPUT_FORMATS = ['parquet', 'arrow', 'tfrecord'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const outputSchema = z.strictObject({
  directory: z.string().min(1),
  formats: z.array(z.enum(OUTPUT_FORMATS)).default(['parquet']),
  weights: z.enum(['parquet', 'arrow', 'none']).default('parquet'),
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'letters, digits and underscores, a letter first')
    .default('pairs'),
  split: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]*$/, 'letters, digits and underscores, a letter first')
    .default('train'),
  shardRows: z.number().int().min(1).optional().describe('Rows a shard, on average'),
  shardBytes: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Bytes a shard, estimated from the input; default 256 MiB where shardRows is not given'),
  compression: z.enum(['snappy', 'zstd', 'none']).default('zstd').describe('Of Parquet shards'),
  overwrite: z.boolean().default(false).describe('Replace another finished run in this directory'),
});

export const reportSchema = z.strictObject({
  minimumSupport: z.number().int().min(1).default(30).describe('A pair with less support is listed, not ranked'),
  confidence: z.number().gt(0).lt(1).default(0.95),
  worst: z.number().int().min(1).default(10).describe('How many of the worst pairs to list'),
});

export const configSchema = z.strictObject({
  input: inputSchema,
  filters: z.array(z.union([z.enum(FILTER_PRESETS), filterRuleSchema])).default([]) as z.ZodType<
    (FilterPreset | FilterRule)[]
  >,
  attributes: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), attributeSchema),
  labels: z.array(labelSchema).default([]),
  balance: balanceSchema.prefault({}),
  output: outputSchema,
  report: reportSchema.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type BalanceConfig = z.infer<typeof balanceSchema>;
