/** What `diff --json` prints: the drift between two outputs, figure by figure. Validates, gives the types, and is published. */
import * as z from 'zod';

/** Changes when a field changes its meaning or goes away. */
export const DIFF_VERSION = 1;

const share = z.number().min(0).max(1);

export const driftSchema = z.strictObject({
  set: z.string(),
  stage: z.string(),
  figure: z
    .enum(['kept', 'unknown', 'representation', 'association', 'label'])
    .describe(
      "kept: share of the rows that reach the stage; unknown: share in which the attribute is not known; representation: the attribute's share; association: E[label | present] - E[label | absent]; label: its share",
    ),
  attribute: z.string().nullable(),
  label: z.string().nullable(),
  before: z.number(),
  after: z.number(),
  difference: z.number().describe('after - before'),
  supportBefore: z.number().min(0).describe('Examples behind the figure, Kish-effective where weighted'),
  supportAfter: z.number().min(0),
  z: z.number().describe('Two-sample statistic, standard normal where nothing has changed'),
  p: share.describe('Two-sided'),
  q: share.describe('Benjamini-Hochberg: the least false discovery rate at which the figure counts as drifted'),
  drifted: z.boolean().describe('q is at most the rate asked for, and the difference at least the least that matters'),
});

export const diffSchema = z.strictObject({
  version: z.literal(DIFF_VERSION),
  before: z.strictObject({ path: z.string(), runs: z.array(z.string()), rows: z.number() }),
  after: z.strictObject({ path: z.string(), runs: z.array(z.string()), rows: z.number() }),
  falseDiscoveryRate: share,
  leastDifference: share,
  tested: z.number().int().min(0),
  untested: z
    .number()
    .int()
    .min(0)
    .describe('Figures with less than the minimum support on a side, or on one side only'),
  drifted: z.number().int().min(0),
  onlyBefore: z
    .array(z.string())
    .describe('Sets, stages, attributes and labels that only one side has; the first of them'),
  onlyAfter: z.array(z.string()),
  figures: z.array(driftSchema).describe('All that were tested, the smallest p first'),
});

export type Drift = z.infer<typeof driftSchema>;
export type Diff = z.infer<typeof diffSchema>;
