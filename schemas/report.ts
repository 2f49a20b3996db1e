/** report.json: its only definition. Validates, gives the types, and is published as JSON Schema. */
import * as z from 'zod';

/** Changes when a field changes its meaning or goes away. */
export const REPORT_VERSION = 1;

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);
const figure = z.number().min(0);
const interval = z.strictObject({ low: z.number(), high: z.number() });
const label = z.string();

export const violationSchema = z.strictObject({
  attribute: z.string(),
  label: label.nullable().describe("null: the attribute's own share (representation)"),
  violation: figure.describe('How far |E[q phi]| is beyond its tolerance'),
});

export const certificateSchema = z.strictObject({
  fit: z.enum(['exact', 'thinned', 'stream', 'online']),
  steps: count.describe('Newton iterations (exact), or examples seen (stream, online)'),
  primal: z.number().describe('Objective reached: an upper bound on the optimum'),
  dual: z.number().describe('Dual objective: a lower bound on the optimum'),
  gap: z.number().describe('(primal - dual) / primal: at most this far from optimal'),
  rate: figure.describe('E[q], the mean weight'),
  feasible: z
    .boolean()
    .nullable()
    .describe(
      'Whether all constraints can be met at this rate; null where that is not known: too many patterns to tell',
    ),
  largestFeasibleRate: figure.nullable().describe('Largest rate at which they can; null where it was not computed'),
  violation: figure.describe('Sum over the constraints of how far each is beyond its tolerance'),
  violated: z.array(violationSchema).describe('Constraints that are not met, the worst first'),
  rounding: z
    .array(z.strictObject({ attribute: z.string(), error: figure.describe('E[q |p - s|]') }))
    .optional()
    .describe(
      'Soft attributes, whose p is rounded to s, a multiple of 1/64: the moments of the attribute and of its labels are at most this far from those of p',
    ),
});

export const shareFields = {
  share: share.nullable().describe('null: no example bears on it'),
  interval: interval.describe("Wilson's, on Kish-effective counts"),
  support: count.describe('Examples behind the share'),
};

export const attributeBiasSchema = z.strictObject({
  attribute: z.string(),
  target: share,
  ...shareFields,
  unknown: share.nullable().describe('Share of the weight in which the attribute is not known'),
  rb: share.nullable().describe('|target - share|'),
});

export const associationSchema = z.strictObject({
  value: share.nullable().describe('The largest AB among ranked pairs; null where none is ranked'),
  attribute: z.string().nullable(),
  label: label.nullable(),
  interval: interval.describe('Of the largest AB, simultaneous over the ranked pairs (Bonferroni, Newcombe)'),
  mean: share.nullable().describe('Mean AB of the ranked pairs'),
  ranked: count,
  unranked: count.describe('Pairs with less than the minimum support'),
});

export const stageSchema = z.strictObject({
  stage: z.string().describe("'raw', a filter's name, 'balanced', 'resampled' or 'random'"),
  rows: count,
  weight: figure.describe('Sum of the weights; rows written, copies counted, for resampled and random'),
  rb: share.nullable().describe('The largest RB'),
  ab: share.nullable().describe('The largest AB among pairs with enough support'),
  ess: figure.describe("Kish's effective sample size"),
  designEffect: figure.nullable().describe('rows / ess'),
  attributes: z.array(attributeBiasSchema),
  association: associationSchema,
});

export const pairBiasSchema = z.strictObject({
  support: count.describe('The least of: rows with the label in which the attribute is known; rows present; absent'),
  ab: share.nullable(),
  difference: z.number().min(-1).max(1).nullable().describe('E[label | present] - E[label | absent]'),
  interval: interval.describe('Of the difference, simultaneous over the ranked pairs of the stage'),
  ratio: figure.nullable().describe('E[label | present] / E[label | absent]; null where the latter is 0'),
  share: share.nullable().describe('E[attribute | label]'),
  shareInterval: interval,
});

export const pairExamplesSchema = z
  .strictObject({ present: z.array(z.string()), absent: z.array(z.string()) })
  .optional()
  .describe(
    'Captions of rows that passed the filters and have the label, in which the attribute is present, and absent: text from the web, as it is',
  );

export const pairSchema = z.strictObject({
  attribute: z.string(),
  label,
  raw: pairBiasSchema,
  balanced: pairBiasSchema.nullable(),
  examples: pairExamplesSchema,
});

export const weightsSchema = z.strictObject({
  rows: count.describe('Rows that were weighted: those that passed every filter'),
  mean: figure.nullable(),
  maximum: figure.describe('Q, the largest weight allowed'),
  zeroShare: share.nullable().describe('Share of the rows with weight 0'),
  maximumShare: share.nullable().describe('Share of the rows with weight Q'),
  ess: figure,
  designEffect: figure.nullable().describe('rows / ess'),
  histogram: z
    .array(z.strictObject({ low: figure, high: figure, rows: count }))
    .describe('Weights strictly between 0 and Q, low <= q < high'),
});

export const rateSchema = z.strictObject({
  rate: figure.describe('E[q]'),
  rb: share.nullable().describe('The largest RB of the patterns that were fitted, under the weights for this rate'),
  ab: share.nullable().describe('The largest AB among their pairs with enough support in the raw data'),
  violation: figure.describe('Sum over the constraints of how far each is beyond its tolerance'),
  ess: figure.describe('Effective sample size of the weights'),
});

export const problemSchema = z.strictObject({
  file: z.string(),
  rows: count.nullable().describe('Rows lost; null where the file does not tell'),
  message: z.string(),
});

export const agreementSchema = z
  .strictObject({
    attribute: z.string(),
    sources: z.array(z.strictObject({ source: z.string(), present: count, absent: count, unknown: count })),
    pairs: z
      .array(
        z.strictObject({
          source: z.string(),
          other: z.string(),
          known: count.describe('Rows of which both say something'),
          both: count.describe('Both say present'),
          first: count.describe('source says present, other absent'),
          second: count.describe('source says absent, other present'),
          neither: count.describe('Both say absent'),
          agreement: share.nullable().describe('(both + neither) / known'),
          interval: interval.describe("Wilson's"),
          kappa: z
            .number()
            .min(-1)
            .max(1)
            .nullable()
            .describe("Cohen's: agreement beyond that of chance, 1: always, 0: as chance gives"),
        }),
      )
      .describe('Each two of the sources'),
  })
  .describe('How far the sources of an attribute that has several agree, in the rows that were read');

export const runReportSchema = z.strictObject({
  version: z.literal(REPORT_VERSION),
  rows: z.strictObject({
    read: count,
    kept: count.describe('Input rows of which at least one copy was written'),
    written: count.describe('Rows written, copies counted'),
    dropped: z.record(z.string(), count).describe('reason: rows'),
  }),
  certificate: certificateSchema.nullable().describe('null where nothing was balanced'),
  bias: z.array(stageSchema),
  pairs: z.array(pairSchema).describe('The worst pairs raw, then those among the worst after balancing only'),
  unranked: z.strictObject({
    count,
    pairs: z.array(z.strictObject({ attribute: z.string(), label, support: count })).describe('The first of them'),
  }),
  agreement: z.array(agreementSchema).optional().describe('Absent where no attribute has several sources'),
  weights: weightsSchema.nullable(),
  rates: z
    .array(rateSchema)
    .optional()
    .describe(
      'What other rates would give, by the exact fit of the counted patterns, lowest first; absent where it was not asked for',
    ),
  ratesSample: count
    .optional()
    .describe(
      'Patterns of the sample that `rates` were computed on, whose support and sums are estimates; absent where it was all of them',
    ),
  problems: z.strictObject({ count, list: z.array(problemSchema).describe('The first of them') }),
  options: z.strictObject({ minimumSupport: count, confidence: share, worst: count, pairs: count }),
  config: z.record(z.string(), z.unknown()),
  versions: z.record(z.string(), z.string()),
});

export type Report = z.infer<typeof runReportSchema>;
export type Certificate = z.infer<typeof certificateSchema>;
export type Violation = z.infer<typeof violationSchema>;
export type StageReport = z.infer<typeof stageSchema>;
export type AttributeBias = z.infer<typeof attributeBiasSchema>;
export type PairBias = z.infer<typeof pairBiasSchema>;
export type PairReport = z.infer<typeof pairSchema>;
export type RateReport = z.infer<typeof rateSchema>;
export type AgreementReport = z.infer<typeof agreementSchema>;
export type Problem = z.infer<typeof problemSchema>;
export type WeightsReport = z.infer<typeof weightsSchema>;
