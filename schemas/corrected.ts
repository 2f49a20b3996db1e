/** What `correct --json` prints: RB and AB corrected for the tagger's errors. Validates, gives the types, and is published. */
import * as z from 'zod';

/** Changes when a field changes its meaning or goes away. */
export const CORRECTED_VERSION = 1;

const share = z.number().min(0).max(1);
const interval = z.strictObject({ low: z.number(), high: z.number() });

export const correctedAttributeSchema = z.strictObject({
  attribute: z.string(),
  target: share,
  reason: z.string().nullable().describe('Why it cannot be corrected, or not all of it; null where all of it can'),
  tagged: z.strictObject({
    share: share.nullable(),
    rb: share.nullable(),
    ab: share.nullable().describe('The largest among the pairs with enough support'),
  }),
  share: share.nullable().describe('Truly present, of the rows in which the tagger says something'),
  interval: interval.nullable(),
  rb: share.nullable().describe('|target - share|'),
  ab: share.nullable().describe('The largest corrected AB among the same pairs'),
  label: z.string().nullable().describe('Of that pair'),
  abInterval: interval.nullable().describe('Of the largest AB, for all ranked pairs at once (Bonferroni)'),
});

export const correctedSchema = z.strictObject({
  version: z.literal(CORRECTED_VERSION),
  runs: z.array(z.string()),
  evaluation: z.string().describe('The run whose confusion matrices these are'),
  confidence: z.number().gt(0).lt(1),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      stages: z.array(z.strictObject({ stage: z.string(), attributes: z.array(correctedAttributeSchema) })),
    }),
  ),
});

export type CorrectedAttribute = z.infer<typeof correctedAttributeSchema>;
export type Corrected = z.infer<typeof correctedSchema>;
