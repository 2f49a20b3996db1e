/** What `m4-balance nightly` keeps: latest.json, and the ledger, the set and the written nights of each run. */
import * as z from 'zod';

/** Change when a field changes its meaning or goes away. */
export const LATEST_VERSION = 1;
export const LEDGER_VERSION = 1;

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);

/** The instant of a run is its name; a second one of the same minute gets -2. */
export const RUN_NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}Z(-\d+)?$/;
const runName = z.string().regex(RUN_NAME);

/** A day in UTC, as 2026-11-23. */
export const NIGHT = /^\d{4}-\d{2}-\d{2}$/;
const night = z.string().regex(NIGHT);

export const switchSchema = z.strictObject({
  number: count.min(1).describe('Counts switches, from 1'),
  run: runName,
  at: z.iso.datetime().describe('The time that the run was given as now'),
  kind: z.enum(['publish', 'rollback']),
});
export type Switch = z.infer<typeof switchSchema>;

/** latest.json: which run is in use. Replaced as a whole, and by nothing else is a run published. */
export const latestSchema = z.strictObject({
  version: z.literal(LATEST_VERSION),
  kind: z.literal('m4-balance latest'),
  run: runName,
  manifest: z.string().describe("The run's manifest.json; all paths are relative to the folder of this file"),
  ledger: z.string().describe('Which nights, of which files, the run has'),
  set: z.string().describe('Every file of the set'),
  history: z.array(switchSchema).describe('The last switches, the latest last'),
});
export type Latest = z.infer<typeof latestSchema>;

export const inputFileSchema = z.strictObject({
  path: z.string(),
  bytes: count,
  stamp: z.string().describe('Generation on gs://, else the time of the last change: another one is another file'),
});
export type InputFile = z.infer<typeof inputFileSchema>;

export const setFileSchema = z.strictObject({
  path: z.string().describe('Relative to the folder of latest.json'),
  kind: z.enum(['shard', 'weights']),
  format: z.string(),
  rows: count.optional(),
  bytes: count,
  sha256: z.string(),
  night,
  share: share.describe('How often to take its rows, from 0 to 1: less than 1 where a half-life has made them older'),
});
export type SetFile = z.infer<typeof setFileSchema>;

export const setSchema = z.strictObject({
  version: z.literal(LEDGER_VERSION),
  kind: z.literal('m4-balance set'),
  run: runName,
  files: z.array(setFileSchema),
});

export const ledgerNightSchema = z.strictObject({
  night,
  inputs: z.array(inputFileSchema).describe('Sorted by path'),
  rows: count.describe('Rows read'),
  kept: count.describe('Rows that passed the filters'),
  counts: z.string().describe('Folder of what was counted, relative to that of latest.json'),
  digest: z.string().describe('Of what was counted, whatever its files are called'),
  factor: share.describe('How much the night counts in the total'),
  run: runName.describe('The run that wrote its files'),
  written: z
    .string()
    .describe("What that run tells of the night's weights and files, relative to the folder of latest.json"),
});
export type LedgerNight = z.infer<typeof ledgerNightSchema>;

export const gateResultSchema = z.strictObject({
  gate: z.string(),
  passed: z.boolean(),
  accepted: z.boolean().describe('It did not pass, and a person let it'),
  night: night.nullable().describe('null: about the whole set'),
  value: z.number().nullable(),
  threshold: z.union([z.number(), z.string()]),
  message: z.string(),
});
export type GateResult = z.infer<typeof gateResultSchema>;

export const figuresSchema = z.strictObject({
  nights: count,
  newNights: count,
  rows: count.describe('Rows read, of all nights of the set'),
  newRows: count,
  kept: count,
  written: count.describe('Rows of the shards'),
  rb: share.nullable(),
  ab: share.nullable(),
  ess: z.number().min(0),
  rate: z.number().min(0),
  largestRate: z.number().min(0),
  gap: z.number().min(0),
  steps: count.describe('Newton iterations'),
  warm: z.boolean(),
});
export type Figures = z.infer<typeof figuresSchema>;

/** ledger.json of a run: what it was made of. The next run begins from it. */
export const ledgerSchema = z.strictObject({
  version: z.literal(LEDGER_VERSION),
  kind: z.literal('m4-balance ledger'),
  run: runName,
  at: z.iso.datetime(),
  previous: runName.nullable().describe('The run that was in use'),
  m4Balance: z.string(),
  tagger: z.string().describe('Hash of all that tags and filters rows'),
  nights: z.array(ledgerNightSchema).describe('In order'),
  skipped: z
    .array(z.strictObject({ night, inputs: z.array(inputFileSchema) }))
    .describe('Nights that a person left out; looked at again when their files change'),
  figures: figuresSchema,
  gates: z.array(gateResultSchema),
});
export type Ledger = z.infer<typeof ledgerSchema>;

/** What a run that wrote a night tells of it: enough to tell the bias of a set that still has its files. */
export const writtenNightSchema = z.strictObject({
  version: z.literal(LEDGER_VERSION),
  kind: z.literal('m4-balance written night'),
  night,
  drops: z.array(z.strictObject({ reason: z.string(), rows: count })).describe('Final reasons, in order'),
  balanced: z.base64(),
  resampled: z.base64(),
  random: z.base64(),
  weights: z.base64().describe('Histogram of the weights'),
  encoder: z.record(z.string(), z.string()).optional().describe('Versions of what encoded the images again'),
  files: z.array(setFileSchema.omit({ share: true, night: true })),
});
export type WrittenNight = z.infer<typeof writtenNightSchema>;

export const lockSchema = z.strictObject({
  claim: z.string(),
  host: z.string(),
  pid: count,
  until: z.iso.datetime().describe('After this the owner counts as dead'),
  released: z.boolean(),
});
export type Lock = z.infer<typeof lockSchema>;
