/**
 * state.json: what `stats` counted, from which its report is computed; `balance` leaves one too. States of equal identity are added by
 * `merge`, exactly and in any order, and compared by `diff`. Tables are bytes, in base64.
 */
import * as z from 'zod';
import { MAXIMUM_EXAMPLES_OF_CELL } from './config-values.js';
import { problemSchema } from './report.js';

/** Changes when a field changes its meaning or goes away. */
export const STATE_VERSION = 1;

const count = z.number().int().min(0);
const bytes = z.base64();
const moments = bytes.describe('Moments: transforms/stats/moments-codec.ts');

export const stateTableSchema = z.strictObject({
  name: z.string(),
  by: z.string(),
  limit: count.describe('Distinct values at most; more of them, and the rows are sampled'),
  level: count.describe('Only rows whose hash begins with this many zero bits are in the table'),
  table: bytes,
});

export const stateSetSchema = z.strictObject({
  name: z.string(),
  identity: z
    .record(z.string(), z.string())
    .describe(
      'What must be equal for two states to be added: attributes, labels, filters, …, each as text or as a hash',
    ),
  whole: z.array(z.string()).describe('Filters that looked at the whole input; states with such filters are not added'),
  attributes: z.array(z.strictObject({ name: z.string(), target: z.number().min(0).max(1) })),
  labels: z.array(z.string()),
  filters: z.array(z.string()).describe('Stage names of the filters, in order'),
  files: z.strictObject({ count, list: z.array(z.string()).describe('The first of them, sorted') }),
  read: count.describe('Rows of the input: kept, dropped and unreadable'),
  dropped: z.array(z.strictObject({ reason: z.string(), rows: count })).describe("In the filters' order, all reasons"),
  unreadable: count,
  exits: z
    .array(moments)
    .describe(
      '[filters + 1]: examples that left at each filter, then those that passed all; their sums from the end are the stages',
    ),
  stages: z
    .array(z.strictObject({ stage: z.string(), moments }))
    .describe('weighted; balanced, resampled, random of a balance run'),
  control: z.array(moments).nullable().describe('Examples that passed all filters, by equal ranges of their hash'),
  agreement: z
    .array(z.strictObject({ attribute: z.string(), sources: z.array(z.string()), counts: z.array(count) }))
    .optional()
    .describe(
      'Attributes of several sources: rows by the verdicts of each two, transforms/stats/agreement.ts; absent where there are none',
    ),
  coOccurrence: z.array(z.strictObject({ stage: z.string(), table: bytes })),
  distributions: z.array(z.strictObject({ name: z.string(), unit: z.string(), stage: z.string(), sketch: bytes })),
  weights: z.strictObject({ column: z.string(), missing: count, sketch: bytes }).nullable(),
  words: stateTableSchema.nullable(),
  slicings: z.array(stateTableSchema),
  examples: z
    .strictObject({ limit: count.min(1).max(MAXIMUM_EXAMPLES_OF_CELL), table: bytes })
    .optional()
    .describe('Captions by attribute, label and value: transforms/stats/examples.ts; absent where none are wanted'),
  problems: z.strictObject({ count, list: z.array(problemSchema).describe('The first of them, sorted') }),
});

export const stateModelSchema = z.strictObject({
  name: z.string(),
  identity: z.record(z.string(), z.string()),
  predicts: z.enum(['labels', 'scores']),
  attributes: z.array(z.strictObject({ name: z.string(), target: z.number().min(0).max(1) })),
  files: z
    .array(z.string())
    .describe('A hash of each file (path, size, time), sorted: predictions that two states share are counted once'),
  predictions: bytes.describe('Sums of scores by label and attribute: transforms/stats/predictions.ts'),
});

export const stateSchema = z.strictObject({
  version: z.literal(STATE_VERSION),
  kind: z.literal('m4-balance state'),
  source: z.enum(['stats', 'balance']),
  runs: z.array(z.string()).describe('Hashes of the runs that were added up, sorted'),
  m4Balance: z.string(),
  sets: z.array(stateSetSchema),
  models: z.array(stateModelSchema),
  options: z.strictObject({
    minimumSupport: count,
    confidence: z.number().gt(0).lt(1),
    worst: count,
    pairs: count,
    values: count.describe('Values of a slicing that are told'),
    words: count.describe('Words of an attribute that are told, each way'),
  }),
  config: z.record(z.string(), z.unknown()).describe('Without inputs and outputs'),
});

export type State = z.infer<typeof stateSchema>;
export type StateSet = z.infer<typeof stateSetSchema>;
export type StateModel = z.infer<typeof stateModelSchema>;
export type StateTable = z.infer<typeof stateTableSchema>;
