/** evaluation.json of `evaluate-tags`: its only definition. Validates, gives the types, and is published as JSON Schema. */
import * as z from 'zod';

/** Changes when a field changes its meaning or goes away. */
export const EVALUATION_VERSION = 1;

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);
const signed = z.number().min(-1).max(1);

const rate = z
  .strictObject({
    value: share.nullable().describe('null: of no row'),
    of: count.describe('Rows that it is a share of'),
    interval: z.strictObject({ low: share, high: share }),
  })
  .describe("A share, with Wilson's interval");
const difference = z
  .strictObject({
    value: signed.nullable().describe('null: one of the two is of no row'),
    interval: z.strictObject({ low: signed, high: signed }),
  })
  .describe("A difference of two shares, with Newcombe's interval");
const tagged = z
  .strictObject({ present: count, absent: count, unknown: count })
  .describe('Rows by what the tagger says');
const classFigures = z.strictObject({
  precision: rate.describe('Of the rows that are tagged so, those that are so'),
  recall: rate.describe('Of the rows that are so, those that are tagged so; unknown counts as missed'),
});

const figures = {
  labelled: count.describe('Rows in which the truth is known; all other figures are of these'),
  unlabelled: count,
  confusion: z.strictObject({ present: tagged, absent: tagged }).describe('By the truth'),
  coverage: rate.describe('Rows in which the tagger says present or absent'),
  accuracy: rate.describe('Of the rows that it says something of, those of which it is true'),
  present: classFigures,
  absent: classFigures,
  falseNegatives: rate.describe('Of the rows that are present and told either way, those tagged absent'),
  falsePositives: rate.describe('Of the rows that are absent and told either way, those tagged present'),
  shares: z
    .strictObject({
      truth: rate.describe('Truly present, of the labelled rows'),
      tagged: rate.describe('Tagged present, of the rows that are told either way'),
    })
    .describe('What representation is, and what it is taken for'),
};
export const tagFiguresSchema = z.strictObject(figures);

export const tagBiasSchema = z
  .strictObject({
    error: difference.describe('falseNegatives - falsePositives: how much more often the present are taken for absent'),
    coverage: difference.describe('Coverage of the present - coverage of the absent'),
  })
  .describe('Of the tagger itself, between the two values of the attribute');

export const tagSliceSchema = z.strictObject({
  value: z.string().nullable().describe('null: rows without a value'),
  ...figures,
  bias: tagBiasSchema,
  toRest: z
    .strictObject({ falseNegatives: difference, falsePositives: difference, coverage: difference })
    .describe('This value less all other rows; each interval holds for all values of the slicing at once (Bonferroni)'),
});

export const evaluationSchema = z.strictObject({
  version: z.literal(EVALUATION_VERSION),
  m4Balance: z.string(),
  run: z.string(),
  confidence: share,
  rows: z.strictObject({ read: count, kept: count, dropped: z.record(z.string(), count) }),
  attributes: z.array(
    z.strictObject({
      attribute: z.string(),
      truth: z.strictObject({ column: z.string(), value: z.string().optional() }),
      ...figures,
      bias: tagBiasSchema,
      slicings: z.array(
        z.strictObject({
          name: z.string(),
          by: z.string(),
          slices: z.array(tagSliceSchema).describe('Most rows first'),
        }),
      ),
    }),
  ),
});

export type TagFigures = z.infer<typeof tagFiguresSchema>;
export type TagBias = z.infer<typeof tagBiasSchema>;
export type TagSlice = z.infer<typeof tagSliceSchema>;
export type Evaluation = z.infer<typeof evaluationSchema>;
