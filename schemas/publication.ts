/** publish.json, beside a finished output: where and under which date it was, or is still to be, published. */
import * as z from 'zod';
import { bigQuerySchema } from './bigquery.js';

export const PUBLICATION_VERSION = 1;

export const publicationSchema = z.strictObject({
  version: z.literal(PUBLICATION_VERSION),
  bigquery: bigQuerySchema,
  date: z.iso.date().describe('run_date of its rows: that of the manifest when it was first published'),
  published: z.boolean().describe('false: it was begun, and failed or was stopped'),
});
export type Publication = z.infer<typeof publicationSchema>;
