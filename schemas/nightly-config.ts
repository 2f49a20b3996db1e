/** The section `nightly` of the configuration: what `m4-balance nightly` does every night. */
import * as z from 'zod';
import { path, positive, share } from './config-values.js';

const count = z.number().int();
const days = z
  .string()
  .regex(/^[1-9]\d{0,3}d$/)
  .meta({ title: 'a number of days as 30d' });
/** A number, or the gate is off. */
const orOff = <T extends z.ZodType>(threshold: T) => z.union([threshold, z.literal('off')]);

/** Gates by name, in the order in which they are looked at. */
export const gatesSchema = z.strictObject({
  version: orOff(z.literal('same'))
    .default('same')
    .describe(
      'What tags rows (attributes, labels, filters, word lists, the version of m4-balance) is that of the last run; where it is not, all nights must be counted again',
    ),
  fresh: orOff(count.min(0))
    .default(3)
    .describe(
      'Where there is nothing new: the newest night is at most this many days older than the newest that is due',
    ),
  rows: orOff(share)
    .default(0.5)
    .describe(
      'Rows of a new night are at least this share of the median of the nights before, and at most its inverse',
    ),
  dropped: orOff(share)
    .default(0.1)
    .describe(
      'The share of rows that each filter drops of a new night is that of the nights before, give or take this',
    ),
  unknown: orOff(share)
    .default(0.1)
    .describe('The share of rows in which an attribute is unknown is that of the nights before, give or take this'),
  drift: orOff(share)
    .default(0.1)
    .describe(
      'No share of a label in a new night is further than this from that of the nights before, chance apart (5 % false discoveries)',
    ),
  repeated: orOff(z.literal('refuse'))
    .default('refuse')
    .describe('A new night does not have exactly the counts of another: it was delivered twice'),
  rate: orOff(share).default(0.8).describe('The largest feasible rate is at least this share of that of the last run'),
  gap: orOff(positive).default(1e-6).describe('The relative duality gap of the fit is at most this'),
  ess: orOff(share).default(0.1).describe('The effective sample size of the set is at least this share of its rows'),
  rb: orOff(share).default(0.02).describe('RB of the set, weighted, is at most this'),
  ab: orOff(share).default(0.1).describe('AB of the set, weighted, is at most this'),
});
export type GatesConfig = z.infer<typeof gatesSchema>;
export type GateName = keyof GatesConfig;

const url = z
  .string()
  .regex(/^https?:\/\/\S+$/)
  .meta({ title: 'a URL as https://host/path' });

export const nightlySchema = z.strictObject({
  window: days.optional().describe('The set is that of the last so many days; default 30d where there is no halfLife'),
  halfLife: days
    .optional()
    .describe(
      'In place of window: a night counts half of one that is so many days younger, and none after ten times that',
    ),
  scope: z
    .enum(['new', 'window'])
    .default('new')
    .describe(
      'new: only new nights are written, older ones keep their weights; window: all are weighted and written again',
    ),
  lag: count.min(0).default(1).describe('The newest night that is due is that of so many days before now, in UTC'),
  catchUp: count.min(1).default(7).describe('New nights that one run takes at most, the oldest first; the rest waits'),
  marker: path
    .optional()
    .describe('A night is whole once there is this file, as data/{date}/_SUCCESS; left out: once it has files'),
  manifest: path
    .optional()
    .describe(
      "A file that lists the night's files, a path a line or as JSON, in place of input.files: data/{date}/files.json",
    ),
  removed: z
    .enum(['drop', 'keep'])
    .default('drop')
    .describe('Where all files of a night are gone: its rows leave the set, or stay as they were counted (scope new)'),
  warm: z.boolean().default(true).describe('Start the fit from the duals of the last run'),
  keep: count
    .min(1)
    .default(30)
    .describe('Runs that are kept; those in use, or whose files another kept run lists, always are'),
  lease: z
    .number()
    .min(1)
    .default(900)
    .describe('Seconds after which a run that gives no sign of life counts as dead, and another may begin'),
  gates: gatesSchema.prefault({}),
  webhook: url.optional().describe('Is sent a failure as JSON, by POST; left out: $M4_BALANCE_WEBHOOK, if set'),
  textfile: path.optional().describe('Figures of the run for the textfile collector of the Prometheus node exporter'),
  otlp: url
    .optional()
    .describe(
      'Figures of the run for a collector of OpenTelemetry, by OTLP/HTTP, as http://collector:4318/v1/metrics; left out: as $OTEL_EXPORTER_OTLP_ENDPOINT says, if set',
    ),
});
export type NightlyConfig = z.infer<typeof nightlySchema>;
