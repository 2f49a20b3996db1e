/** report.json of `stats` and `merge`: its only definition. Validates, gives the types, and is published as JSON Schema. */
import * as z from 'zod';
import {
  agreementSchema,
  attributeBiasSchema,
  pairBiasSchema,
  pairExamplesSchema,
  problemSchema,
  shareFields,
  stageSchema,
  weightsSchema,
} from './report.js';

/** Changes when a field changes its meaning or goes away. */
export const STATS_REPORT_VERSION = 1;

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);
const figure = z.number().min(0);
const stage = z.string().describe("'raw', a filter's name, 'weighted', 'random' or 'model'");

export const pairFigureSchema = pairBiasSchema.extend({
  stage,
  ranked: z.boolean().describe('false: less than the minimum support in this stage'),
  npmi: z
    .number()
    .min(-1)
    .max(1)
    .nullable()
    .describe('Normalised pointwise mutual information of attribute and label, where the attribute is known'),
  logOdds: z
    .number()
    .nullable()
    .describe(
      'Log of the odds of the label with the attribute over those without it, 0.5 added to each of the four cells',
    ),
  logOddsInterval: z
    .strictObject({ low: z.number(), high: z.number() })
    .nullable()
    .describe('Of the log-odds (Woolf), simultaneous over the ranked pairs of the stage'),
});

/** A pair in each of the stages for which pairs are told: raw, after the last filter, weighted, random. */
export const statsPairSchema = z.strictObject({
  attribute: z.string(),
  label: z.string(),
  figures: z.array(pairFigureSchema).describe("In the order of the set's pairStages"),
  examples: pairExamplesSchema,
});

export const statsLabelSchema = z.strictObject({
  label: z.string(),
  figures: z.array(z.strictObject({ stage, ...shareFields })).describe("In the order of the set's pairStages"),
});

export const coOccurrenceSchema = z.strictObject({
  attribute: z.string(),
  other: z.string(),
  stage,
  both: figure.describe('Weight of the examples in which both are known and present'),
  first: figure.describe('attribute present, other absent'),
  second: figure.describe('attribute absent, other present'),
  neither: figure.describe('Both absent'),
  unknown: figure.describe('One of them, or both, not known'),
  phi: z.number().min(-1).max(1).nullable().describe('Correlation, where both are known'),
  support: count.describe('Examples in which both are known'),
});

export const distributionSchema = z.strictObject({
  name: z.string().describe("'characters', 'words', 'width', 'height', 'aspect' or a column"),
  unit: z.string(),
  stage,
  rows: count.describe('Rows with a value'),
  missing: count.describe('Rows without one'),
  minimum: z.number().nullable(),
  maximum: z.number().nullable(),
  mean: z.number().nullable().describe('Within relativeError where no value is negative'),
  quantiles: z
    .array(z.strictObject({ probability: share, value: z.number() }))
    .describe('Each within relativeError of a value of exactly this rank'),
  relativeError: figure,
  bins: z
    .array(z.strictObject({ low: z.number(), high: z.number(), rows: count }))
    .describe('All rows with a value, low < x <= high, exact; low = high: exactly that value'),
});

export const wordFigureSchema = z.strictObject({
  word: z.string(),
  logOdds: z.number().describe('Log-odds with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008)'),
  z: z.number().describe('logOdds over its standard deviation: what words are ranked by'),
  present: count.describe('Captions with the word in which the attribute is present, of those sampled'),
  absent: count.describe('Captions with the word in which the attribute is absent, of those sampled'),
});

export const wordsSchema = z.strictObject({
  attribute: z.string(),
  present: z.array(wordFigureSchema).describe('Words that go with the attribute, the most telling first'),
  absent: z.array(wordFigureSchema).describe('Words that go with its absence'),
});

/** How a bounded table of values that nobody listed beforehand was kept. */
export const samplingSchema = z.strictObject({
  rate: share.describe('1: every row is in the table; else a sample of the rows, by a hash of their id, at this rate'),
  rows: count.describe('Rows behind the table'),
  values: count.describe('Distinct values in it'),
});

export const sliceSchema = z.strictObject({
  value: z.string(),
  rows: count.describe('Rows of the raw data with this value, of those sampled'),
  bias: z.array(stageSchema).describe("The set's pairStages but random, in order"),
});

export const slicingSchema = z.strictObject({
  name: z.string(),
  by: z.string().describe("'language', 'domain', 'aspect', 'date', 'column' or 'attributes'"),
  sampling: samplingSchema,
  slices: z.array(sliceSchema).describe('The values with the most rows first'),
  other: z
    .strictObject({ values: count, rows: count, bias: z.array(stageSchema) })
    .nullable()
    .describe('All values that are not listed; null where all are'),
  missing: z
    .strictObject({ rows: count, bias: z.array(stageSchema) })
    .nullable()
    .describe('Rows without a value; null where there are none'),
});

export const statsWeightsSchema = weightsSchema.extend({
  column: z.string(),
  missing: count.describe('Rows without a weight; they have weight 0'),
  rate: share.nullable().describe('Mean weight over the largest: the rate of the random control'),
});

export const statsSetSchema = z.strictObject({
  name: z.string(),
  rows: z.strictObject({
    read: count,
    kept: count.describe('Rows that pass every filter'),
    dropped: z.record(z.string(), count).describe('reason: rows; together with those kept all that were read'),
  }),
  bias: z.array(stageSchema).describe('raw, after each filter, weighted, random'),
  pairStages: z.array(z.string()).describe('Stages for which pairs, labels and slices are told'),
  pairs: z
    .array(statsPairSchema)
    .describe('Ranked in some stage but random, the largest AB in any of those first; at most options.pairs'),
  pairsLeftOut: count.describe('Ranked pairs beyond options.pairs'),
  unranked: z.strictObject({
    count: count.describe('Pairs with less than the minimum support in the raw data'),
    pairs: z
      .array(z.strictObject({ attribute: z.string(), label: z.string(), support: count }))
      .describe('The first of them'),
  }),
  labels: z.array(statsLabelSchema).describe('The commonest in the raw data first; at most options.pairs'),
  labelsLeftOut: count,
  coOccurrence: z.array(coOccurrenceSchema),
  agreement: z.array(agreementSchema).optional().describe('Absent where no attribute has several sources'),
  distributions: z.array(distributionSchema),
  words: z.strictObject({ sampling: samplingSchema, attributes: z.array(wordsSchema) }).nullable(),
  slicings: z.array(slicingSchema),
  weights: statsWeightsSchema.nullable().describe('null where no weights were given'),
  problems: z.strictObject({ count, list: z.array(problemSchema).describe('The first of them') }),
});

export const statsModelSchema = z.strictObject({
  name: z.string(),
  rows: count,
  predicts: z.enum(['labels', 'scores']),
  representation: z
    .array(attributeBiasSchema)
    .describe("Attributes that the model itself predicts: E[prediction] against the target (the paper's definition 3)"),
  bias: z.array(stageSchema).describe("One stage, 'model': AB is that of its predictions (definition 4)"),
  pairs: z.array(statsPairSchema).describe('The largest AB first; at most options.pairs'),
  pairsLeftOut: count,
});

export const statsReportSchema = z.strictObject({
  version: z.literal(STATS_REPORT_VERSION),
  kind: z.literal('stats'),
  runs: z
    .array(z.string())
    .describe('Hashes of the runs that were added up, in order; with `inputs` all that names the inputs'),
  inputs: z.array(
    z.strictObject({ set: z.string(), files: count, list: z.array(z.string()).describe('The first of them') }),
  ),
  sets: z.array(statsSetSchema).describe('The data sets, side by side'),
  models: z.array(statsModelSchema),
  options: z.strictObject({
    minimumSupport: count,
    confidence: share,
    worst: count,
    pairs: count,
    values: count,
    words: count,
  }),
  config: z.record(z.string(), z.unknown()).describe('What was counted: the configuration without inputs and outputs'),
  versions: z.record(z.string(), z.string()),
});

export type StatsReport = z.infer<typeof statsReportSchema>;
export type StatsSet = z.infer<typeof statsSetSchema>;
export type StatsModel = z.infer<typeof statsModelSchema>;
export type StatsPair = z.infer<typeof statsPairSchema>;
export type StatsPairFigure = z.infer<typeof pairFigureSchema>;
export type StatsLabel = z.infer<typeof statsLabelSchema>;
export type CoOccurrence = z.infer<typeof coOccurrenceSchema>;
export type Distribution = z.infer<typeof distributionSchema>;
export type WordFigure = z.infer<typeof wordFigureSchema>;
export type Slicing = z.infer<typeof slicingSchema>;
export type Slice = z.infer<typeof sliceSchema>;
export type Sampling = z.infer<typeof samplingSchema>;
export type StatsWeights = z.infer<typeof statsWeightsSchema>;
