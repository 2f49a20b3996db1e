/** The configuration: its only definition. Validates, gives defaults and types, and is published as JSON Schema. */
import * as z from 'zod';
import { attributeSchema } from './attribute-config.js';
import { bigQueryInputSchema, bigQuerySchema } from './bigquery.js';
import { captionColumn, columnName, identifier, lexicon, oneOrMany, path, positive, share } from './config-values.js';
import { languagesSchema } from './languages.js';
import { modelSchema } from './models-config.js';
import { nightlySchema } from './nightly-config.js';
import { outputSchema } from './output.js';
import { reportSchema } from './report-config.js';
import { runnerSchema } from './runner.js';
import { createStatsSchema } from './stats-config.js';

export {
  type AttributeConfig,
  attributeSchema,
  BUILT_IN_ATTRIBUTE_LEXICONS,
  BUILT_IN_ATTRIBUTE_VALUES,
} from './attribute-config.js';
export { OUTPUT_FORMATS, type OutputFormat, outputSchema } from './output.js';
export { reportSchema } from './report-config.js';
export { type SliceName, type SliceRule, sliceRules } from './stats-config.js';

/** Canonical column names, in the order in which a batch carries them. */
export const CANONICAL_COLUMNS = ['id', 'text', 'url', 'width', 'height', 'image', 'language', 'similarity'] as const;
export const COLUMN_PRESETS = ['auto', 'laion', 'commonpool', 'img2dataset'] as const;
export type ColumnPreset = (typeof COLUMN_PRESETS)[number];
export type CanonicalColumn = (typeof CANONICAL_COLUMNS)[number];

export const columnMappingSchema = z
  .strictObject(
    Object.fromEntries(
      CANONICAL_COLUMNS.map((name) => [
        name,
        columnName.optional().describe(`The input column that holds the ${name}`),
      ]),
    ) as Record<CanonicalColumn, z.ZodOptional<typeof columnName>>,
  )
  .describe(
    'Canonical name: name of the input column that holds it. Several that are parted by `;` (image: jpg;png): in each row, the first that has a value',
  );

export const inputSchema = z.strictObject({
  files: oneOrMany.optional().describe('A path, a folder, a glob, or a list of them'),
  bigquery: bigQueryInputSchema.optional(),
  columns: z
    .union([z.enum(COLUMN_PRESETS), columnMappingSchema])
    .default('auto')
    .describe('A preset, or a mapping of canonical names to input columns; auto recognises the presets'),
  maximumBad: share.default(0.01).describe('The job fails when more than this share of rows or files is unreadable'),
});

const bounds = {
  minimum: z.number().optional().describe('Kept from here'),
  maximum: z.number().optional().describe('Kept up to here'),
};

const sizeFrom = z
  .enum(['columns', 'image'])
  .optional()
  .describe('The columns width and height, or the header of the image; left out: the columns where the input has them');

/** One variant a filter; a rule is an object with exactly one of these keys. */
export const filterRules = {
  words: z
    .strictObject({ column: captionColumn, ...bounds })
    .describe('Number of whitespace-separated words of the caption'),
  characters: z
    .strictObject({ column: captionColumn, ...bounds })
    .describe('Number of Unicode code points of the caption'),
  side: z
    .strictObject({ minimum: positive.describe('Kept from here, in pixels'), from: sizeFrom })
    .describe('Smaller side of the image, in pixels'),
  aspect: z
    .strictObject({ maximum: z.number().min(1).describe('Kept up to here'), from: sizeFrom })
    .describe('Longer side over shorter side'),
  image: z
    .strictObject({
      formats: z
        .array(z.enum(['jpeg', 'png', 'gif', 'webp', 'bmp']))
        .min(1)
        .default(['jpeg', 'png', 'gif', 'webp', 'bmp'])
        .describe('Formats that are kept'),
    })
    .describe('Header of the image, which is not decoded: drops what is no image, has no size, or is cut off'),
  similarity: z
    .strictObject({
      column: columnName.default('similarity').describe('The column that holds the score'),
      minimum: z.number().optional().describe('Kept from here'),
      fraction: z.number().gt(0).max(1).optional().describe('This share of the rows is kept, the best first'),
    })
    .describe(
      'Image-text similarity: a threshold, or the top fraction of the whole input (exact; ties at the threshold are kept)',
    ),
  score: z
    .strictObject({ column: columnName.describe('The column that holds the score'), ...bounds })
    .describe('Any numeric column, for example punsafe, pwatermark'),
  nsfw: z
    .strictObject({
      column: columnName.default('NSFW').describe('The column that holds the verdict'),
      keep: z.array(z.string()).min(1).default(['UNLIKELY']).describe('Verdicts that are kept'),
    })
    .describe("LAION's NSFW verdict, a string column"),
  language: z
    .strictObject({
      keep: z.array(z.string().min(2)).min(1).default(['en']).describe('Language codes that are kept'),
      column: columnName.default('language').describe('The column that holds the language'),
      detect: z
        .enum(['missing', 'always', 'never'])
        .default('missing')
        .describe('Identify the language from the caption: where the column is absent, always, or never'),
    })
    .describe('Language of the caption: by column, and by identification where the column is absent'),
  blocked: z
    .strictObject({
      terms: z.array(z.string().min(1)).min(1).optional().describe('The terms'),
      file: path.optional().describe('A text file with one term a line'),
      column: captionColumn,
    })
    .describe('Drops captions with any of these terms, as whole words'),
  present: z
    .strictObject({ columns: z.array(columnName).min(1).describe('Columns that must hold something') })
    .describe('Drops rows in which one of the columns is null or empty'),
  unique: z
    .strictObject({
      column: columnName.default('id').describe('The column that holds the id, the caption, or the image'),
    })
    .describe(
      'Keeps the first row, in input order, of each id (exact); a column of bytes, such as image, is compared by SHA-256',
    ),
  near: z
    .strictObject({
      column: captionColumn,
      similarity: z
        .number()
        .min(0.5)
        .max(1)
        .default(0.8)
        .describe('Jaccard similarity of their shingles from which on two captions are near duplicates'),
      shingle: z
        .int()
        .min(1)
        .max(10)
        .default(3)
        .describe(
          'Words of a shingle; case and punctuation do not count, and a letter of a script without spaces is a word',
        ),
    })
    .describe(
      'Drops captions that are near duplicates of one of an earlier row, kept or not: pairs are found by MinHash, each with probability 0.99 or more, and then compared exactly, by the first 512 words of each. Where more than 1,000 different captions fall together, later ones are compared with the first 1,000. A caption without a word is near none',
    ),
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

export const BUILT_IN_LABEL_LEXICONS = ['occupations', 'proxies'] as const;

export const labelSchema = z.union([
  z
    .strictObject({
      lexicon: lexicon.describe('occupations, proxies, or the path of a TSV file'),
      column: captionColumn,
    })
    .describe('A built-in lexicon (occupations, proxies) or the path of a TSV file with the columns term, value'),
  z
    .strictObject({
      columns: z.array(columnName).min(1).describe('Names or globs of columns'),
      threshold: z.number().optional().describe('For scores: present from here'),
      exclude: z.array(columnName).default([]).describe('Names or globs of columns to leave out'),
    })
    .describe('Boolean, 0/1 or score columns, by name or glob'),
  z
    .strictObject({
      list: columnName.describe('The column that holds the lists'),
      minimumCount: z.number().int().min(1).default(1).describe('A rarer string is no label'),
      maximum: z.number().int().min(1).max(65_535).default(65_535).describe('At most this many labels, the commonest'),
      names: z
        .array(z.string().min(1))
        .min(1)
        .max(65_535)
        .optional()
        .describe('The labels, where they are known: no pass is needed to find them, and other strings are none'),
    })
    .describe('A list-of-strings column: each distinct string is a label'),
]);
export type LabelConfig = z.infer<typeof labelSchema>;

export const toleranceSchema = z.union([
  z.strictObject({
    representation: share.default(0.01).describe('eps_R: how far the share of an attribute may be from its target'),
    association: share.default(0.01).describe('eps_D: how far the moment of an attribute and a label may be from 0'),
    conditional: z.boolean().default(false).describe('Association tolerance relative to the frequency of the label'),
  }),
  z
    .strictObject({
      rb: share.describe('The largest representation bias that is wanted'),
      ab: share.describe('The largest association bias that is wanted'),
    })
    .describe('The RB and AB that are wanted; the tolerances follow'),
]);

export const balanceSchema = z.strictObject({
  rate: z
    .union([z.number().positive(), z.literal('auto')])
    .default('auto')
    .describe('E[q]: with maximum 1, the share of rows kept; auto: the largest feasible'),
  tolerance: toleranceSchema
    .default({ representation: 0.01, association: 0.01, conditional: false })
    .describe('How much bias may remain'),
  penalty: positive.default(10).describe('V, the price of violating a constraint'),
  maximum: z.number().positive().max(100).default(1).describe('Q, the largest weight'),
  fit: z
    .enum(['auto', 'exact', 'stream', 'online'])
    .default('auto')
    .describe(
      'exact: on all counted patterns, an error where there are too many; auto: on a weighted sample of them there; stream: example by example; online: the same in one pass',
    ),
  utility: columnName.optional().describe('A numeric column, scaled to mean 1; left out: 1'),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1).describe('Every random choice is a hash of it and the id'),
  warm: path.optional().describe('duals.json of an earlier run to start from'),
  patterns: z
    .number()
    .int()
    .min(1)
    .default(1_000_000)
    .describe(
      'The most distinct patterns that are solved for: above it utilities are rounded (to 10, then 6 bits), then auto fits a priority sample of this many, and the gap of the certificate, over all rows, has the error',
    ),
  streams: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .default(1)
    .describe(
      'stream, online: independent keyed duals, averaged at the end; as many workers learn at once, each from its share of the rows',
    ),
});

export const statsSchema = createStatsSchema(inputSchema, attributeSchema);
export type StatsConfig = z.infer<typeof statsSchema>;
export type PredictionsConfig = NonNullable<StatsConfig['predictions']>;

export const configSchema = z.strictObject({
  input: inputSchema,
  filters: z
    .array(z.union([z.enum(FILTER_PRESETS), filterRuleSchema]))
    .default([])
    .describe('In this order; a preset by its name, or a rule') as z.ZodType<(FilterPreset | FilterRule)[]>,
  attributes: z.record(identifier, attributeSchema).describe('Perceived sensitive attributes, by name; at least one'),
  labels: z.array(labelSchema).default([]).describe('What must not go with an attribute'),
  models: z
    .record(identifier, modelSchema)
    .optional()
    .describe(
      'Models, by name: each adds columns of scores, <name>.<class>, which may be used like those of the input',
    ),
  languages: languagesSchema.prefault({}),
  balance: balanceSchema.prefault({}),
  output: outputSchema,
  report: reportSchema.prefault({}),
  stats: statsSchema.prefault({}),
  bigquery: bigQuerySchema.optional(),
  nightly: nightlySchema.prefault({}),
  runner: runnerSchema.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
/** What a run is, apart from what it runs on and where it is published; `stats` is no part of a balancing run. */
export type RunConfig = Omit<Config, 'runner' | 'stats' | 'bigquery' | 'nightly'> & { readonly stats?: StatsConfig };
export type OutputConfig = z.infer<typeof outputSchema>;
export type BalanceConfig = z.infer<typeof balanceSchema>;
