/** The section `report` of the configuration. */
import * as z from 'zod';
import { MAXIMUM_EXAMPLES_OF_CELL } from './config-values.js';

export const reportSchema = z.strictObject({
  minimumSupport: z.number().int().min(1).default(30).describe('A pair with less support is listed, not ranked'),
  confidence: z.number().gt(0).lt(1).default(0.95).describe('Of the intervals'),
  worst: z.number().int().min(1).default(10).describe('How many of the worst pairs the terminal lists'),
  pairs: z.number().int().min(1).default(1000).describe('How many of the worst pairs report.json and report.html list'),
  examples: z
    .number()
    .int()
    .min(0)
    .max(MAXIMUM_EXAMPLES_OF_CELL)
    .default(0)
    .describe(
      'Captions that the report of `stats` or `balance` shows of each pair, of rows with the attribute and as many of rows without it; 0: none. `nightly` shows none',
    ),
  rates: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(10)
    .describe(
      'At how many rates, evenly up to the largest weight, to tell the bias that M4 would reach; 0: none. Of more than 20,000 patterns a sample of as many is fitted',
    ),
});
