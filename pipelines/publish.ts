/**
 * Publishing: a finished output is loaded to BigQuery. Everything is staged before anything is put in place, and `runs` comes last, so
 * that a run which is in `runs` is there as a whole. Nothing of the output is changed, and the same call again gives the same rows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQueryConfig } from '../schemas/bigquery.js';
import { BIGQUERY_TABLES, type BigQueryTable, RUN_COLUMNS } from '../schemas/bigquery-tables.js';
import { PublishError } from '../schemas/errors.js';
import type { Manifest } from '../schemas/manifest.js';
import { certificateSchema } from '../schemas/report.js';
import type { Drift } from '../schemas/stats-diff.js';
import { openBigQuery } from '../storage/bigquery/client.js';
import { type LoadPurpose, stageFile } from '../storage/bigquery/load.js';
import { type Replacement, replaceRows, retireStaging } from '../storage/bigquery/replace.js';
import { ensureDataset, ensureTable, type Target } from '../storage/bigquery/tables.js';
import { writeJsonLines } from '../transforms/publish/json-lines.js';
import { driftRows, momentRows, pairRows, type Row, type RunSummary, runRows } from '../transforms/publish/rows.js';
import type { RunHooks } from './hooks.js';
import { finishedOn, readOutput, readPublication, savePublication, targetOf } from './publication.js';
import { stageWeights } from './publish-weights.js';

export interface Published {
  readonly directory: string;
  /** As project.dataset. */
  readonly target: string;
  /** Table: rows of this run that it has now. */
  readonly rows: Readonly<Record<string, number>>;
  /** It was published there before, and nothing was done. */
  readonly alreadyDone: boolean;
}

export interface PublishOptions {
  /** Left out: as it was published, or should have been, before. */
  readonly bigquery?: BigQueryConfig | undefined;
  /** Loads it again where it was published there before. */
  readonly again?: boolean;
}

/** Rows that wait in staging tables. */
export interface Staged {
  readonly replacement: Replacement;
  readonly tables: readonly string[];
  readonly rows: number;
}

/** One publication under way. */
export interface Publishing {
  readonly target: Target;
  readonly config: BigQueryConfig;
  readonly run: string;
  readonly date: string;
  readonly hooks: RunHooks;
}

/**
 * Loads a finished output. Throws InputError where the folder holds none, ConfigError where nothing tells where to, and PublishError,
 * which says why, where BigQuery does not take it.
 */
export async function publishRun(directory: string, options: PublishOptions, hooks: RunHooks): Promise<Published> {
  const { manifest, state } = await readOutput(directory);
  const before = await readPublication(directory);
  const bigquery = targetOf(options.bigquery, before);
  const { name } = bigquery;
  if (before?.published === true && options.again !== true && sameTarget(bigquery, before.bigquery)) {
    return { directory, target: bigquery.dataset, rows: {}, alreadyDone: true };
  }
  const date = before?.date ?? (await finishedOn(directory));
  await savePublication(directory, { bigquery, date, published: false });
  const published = await orPublishError(directory, hooks, async () => {
    const publishing = await begin(bigquery, { run: manifest.run, date, hooks });
    return withScratch(async (folder) => {
      const stage = (table: BigQueryTable, rows: Iterable<Row>) => stageRows(publishing, folder, table, rows);
      return putInPlace(publishing, [
        await stage('moments', momentRows(state, name)),
        await stage('pairs', pairRows(state, name)),
        ...(bigquery.weights ? await stageWeights(publishing, { directory, scratch: folder }, manifest, state) : []),
        await stage('runs', runRows(state, name, summaryOf(manifest))),
      ]);
    });
  });
  await savePublication(directory, { bigquery, date, published: true });
  return { directory, ...published, alreadyDone: false };
}

/** The two sides of a comparison, by their runs, and what was tested. */
export interface DriftToPublish {
  readonly run: string;
  readonly before: string;
  /** UTC day of the later run, as 2026-11-25. */
  readonly date: string;
  readonly figures: readonly Drift[];
}

/** Loads what `diff` found, in place of what it found of the same two runs before. Throws ServiceError or InputError. */
export async function publishDrift(drift: DriftToPublish, bigquery: BigQueryConfig, hooks: RunHooks) {
  const { run, before, date, figures } = drift;
  const publishing = await begin(bigquery, { run, date, hooks });
  return withScratch(async (folder) => {
    const staged = await stageRows(publishing, folder, 'drift', driftRows(figures, before, bigquery.name));
    const replacement = { ...staged.replacement, also: 'before', parameters: { before } };
    return putInPlace(publishing, [{ ...staged, replacement }]);
  });
}

function sameTarget(a: BigQueryConfig, b: BigQueryConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function summaryOf({ rows, certificate }: Manifest): RunSummary {
  return { rows, certificate: certificateSchema.safeParse(certificate).data ?? {} };
}

async function orPublishError<T>(directory: string, { signal }: RunHooks, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new PublishError(directory, message.endsWith('.') ? message : `${message}.`);
  }
}

async function begin(config: BigQueryConfig, about: Omit<Publishing, 'target' | 'config'>): Promise<Publishing> {
  const bigquery = await openBigQuery(config);
  return { target: await ensureDataset(bigquery, config.dataset, config.location), config, ...about };
}

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'm4-balance-publish-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes or migrates a table, and stages rows for it. */
async function stageRows(
  { target, config, run, date, hooks }: Publishing,
  folder: string,
  table: BigQueryTable,
  rows: Iterable<Row>,
): Promise<Staged> {
  hooks.signal?.throwIfAborted();
  const definition = BIGQUERY_TABLES[table];
  const purpose: LoadPurpose = { run, table: `${config.prefix}${table}`, prefix: config.prefix };
  for (const done of await ensureTable(target, purpose.table, definition)) hooks.onLog?.('info', done);
  const file = await writeJsonLines(join(folder, `${table}.jsonl`), rows);
  const columns = definition.columns.slice(RUN_COLUMNS.length);
  const staging = await stageFile(target, purpose, { ...file, format: 'NEWLINE_DELIMITED_JSON', columns });
  return {
    replacement: { table: purpose.table, staging, columns, run, date },
    tables: [staging],
    rows: file.rows,
  };
}

/** Puts staged rows in place, table by table in the given order. */
async function putInPlace(
  { target, hooks }: Publishing,
  staged: readonly Staged[],
): Promise<Omit<Published, 'directory' | 'alreadyDone'>> {
  const rows: Record<string, number> = {};
  for (const { replacement, rows: count } of staged) {
    hooks.signal?.throwIfAborted();
    await replaceRows(target, replacement);
    rows[replacement.table] = count;
    hooks.onLog?.('info', `${replacement.table}: ${count} rows of run ${replacement.run}`);
  }
  await retireStaging(
    target,
    staged.flatMap(({ tables }) => tables),
  );
  return { target: `${target.project}.${target.dataset.id}`, rows };
}
