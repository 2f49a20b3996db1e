/** What `proxies --json` prints: terms and labels that go with an attribute. Validates, gives the types, and is published. */
import * as z from 'zod';
import { samplingSchema } from './stats-report.js';

/** Changes when a field changes its meaning or goes away. */
export const PROXIES_VERSION = 1;

const count = z.number().int().min(0);

export const proxySchema = z.strictObject({
  name: z.string().describe('A word of captions, or a label'),
  logOdds: z.number().describe('Log-odds with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008)'),
  interval: z
    .strictObject({ low: z.number(), high: z.number() })
    .describe('Of the log-odds; holds for all that were tested of the attribute at once (Bonferroni)'),
  z: z.number().describe('logOdds over its standard deviation: what they are ranked by'),
  present: count.describe('Rows with it in which the attribute is present'),
  absent: count.describe('Rows with it in which the attribute is absent'),
});

const sideSchema = z.strictObject({
  tested: count.describe('Those with the minimum support that are no terms of the attribute itself'),
  telling: count.describe('Those of them whose interval leaves 0 out'),
  present: z.array(proxySchema).describe('Telling ones that go with the attribute, the most telling first'),
  absent: z.array(proxySchema).describe('Telling ones that go with its absence'),
});

export const proxiesSchema = z.strictObject({
  version: z.literal(PROXIES_VERSION),
  runs: z.array(z.string()),
  sets: z.array(
    z.strictObject({
      name: z.string(),
      sampling: samplingSchema.nullable().describe('Of the words; null where the output has none'),
      attributes: z.array(
        z.strictObject({
          attribute: z.string(),
          own: count.describe('Words left out because a lexicon infers the attribute from them'),
          words: sideSchema.nullable().describe('null: the output has no words'),
          labels: sideSchema,
        }),
      ),
    }),
  ),
  options: z.strictObject({ confidence: z.number().gt(0).lt(1), minimumSupport: count, shown: count }),
});

export type ProxyFigure = z.infer<typeof proxySchema>;
export type Proxies = z.infer<typeof proxiesSchema>;
