/** The section `stats` of the configuration. */
import * as z from 'zod';
import { columnName, identifier, oneOrMany, positive } from './config-values.js';

/** One variant a slicing; a slicing is an object with exactly one of these keys. */
export const sliceRules = {
  language: z
    .strictObject({
      column: columnName.default('language').describe('The column that holds the language'),
      detect: z
        .enum(['missing', 'never'])
        .default('missing')
        .describe('Identify the language from the caption where the column is absent or null, or never'),
    })
    .describe('Language of the caption'),
  domain: z
    .strictObject({ column: columnName.default('url').describe('The column that holds the URL') })
    .describe('Host name of the URL, without www.'),
  aspect: z
    .strictObject({
      edges: z
        .array(positive)
        .min(1)
        .max(100)
        .default([0.5, 0.75, 1, 1.333, 2])
        .describe('Bounds of the bins of width over height, ascending'),
    })
    .describe('Width over height of the image, in bins'),
  date: z
    .strictObject({
      column: columnName.describe('A column of dates, times, or texts that begin with a date, as 2026-11-25'),
      unit: z.enum(['year', 'month', 'day']).default('month').describe('How fine'),
    })
    .describe('By year, month or day, in UTC'),
  value: z
    .strictObject({ column: columnName.describe('A column of strings, numbers or booleans') })
    .describe('The values of a column'),
  attributes: z
    .strictObject({ names: z.array(identifier).min(1).max(6).describe('Attributes, by name') })
    .describe('Each combination of these attributes being present, absent or unknown'),
} as const;

export type SliceName = keyof typeof sliceRules;
const sliceRuleSchema = z.union(
  (Object.keys(sliceRules) as SliceName[]).map((name) => z.strictObject({ [name]: sliceRules[name] })) as unknown as [
    z.ZodType,
    z.ZodType,
  ],
);
export type SliceRule = { [K in SliceName]: { readonly [P in K]: z.infer<(typeof sliceRules)[K]> } }[SliceName];

const predictionsSchema = <A extends z.ZodType>(attributeSchema: A) =>
  z.strictObject({
    files: oneOrMany.describe('A path, a folder, a glob, or a list of them'),
    name: identifier.default('model').describe('Name of the model in the report'),
    label: columnName
      .default('label')
      .describe('The column with the predicted label: strings, or lists of them. Not used where there are scores'),
    scores: z
      .array(columnName)
      .default([])
      .describe('Names or globs of columns with a score from 0 to 1, each a label'),
    attributes: z
      .record(identifier, attributeSchema)
      .default({})
      .describe(
        'Attributes of the examples, from columns of these files; left out: the column that is called as the attribute, or as its column',
      ),
    predicted: z
      .record(identifier, columnName)
      .default({})
      .describe(
        'Attribute: the column with its predicted share, 0 to 1; left out: the column predicted_ATTRIBUTE, where there is one',
      ),
  });

/** The section `stats`; the schemas of an input and of an attribute are those of the other sections. */
export function createStatsSchema<I extends z.ZodType, A extends z.ZodType>(inputSchema: I, attributeSchema: A) {
  return z.strictObject({
    name: identifier.default('data').describe('Name of the data set that `input` is'),
    sets: z
      .record(identifier, inputSchema)
      .default({})
      .describe('More data sets, by name, each described as `input` is: read beside it and reported side by side'),
    weights: columnName
      .optional()
      .describe('A column with the weight of each row, 0 to 4,194,304: adds the stages weighted and random'),
    slices: z
      .array(sliceRuleSchema)
      .max(50)
      .default([])
      .describe('What to tell the figures by, beside the whole') as unknown as z.ZodDefault<z.ZodType<SliceRule[]>>,
    values: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe(
        'Distinct values of a slicing that are counted; where there are more, its figures are of a sample of the rows',
      ),
    shownValues: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(20)
      .describe('Values of a slicing in the report; the rest is other'),
    distributions: z
      .array(columnName)
      .max(50)
      .default([])
      .describe('Numeric columns whose quantiles are told, beside text length and image size'),
    words: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(100_000)
      .describe(
        'Distinct words that are counted, by attribute; where there are more, those of a sample of the rows. 0: none',
      ),
    shownWords: z.number().int().min(1).max(1000).default(20).describe('Words of an attribute in the report, each way'),
    pairs: z.number().int().min(1).max(1_000_000).default(10_000).describe('Pairs, and labels, in report.json at most'),
    predictions: predictionsSchema(attributeSchema)
      .optional()
      .describe("A trained model's predictions, for its bias beside the data's"),
  });
}
