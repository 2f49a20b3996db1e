/** The table of weights: each shard is loaded into a staging table of its own, and all are put in place by one statement. */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatNamed } from '../formats/index.js';
import { type ColumnType, RUN_COLUMNS, type TableColumn, weightsTable } from '../schemas/bigquery-tables.js';
import { ConfigError, InputError } from '../schemas/errors.js';
import type { Manifest } from '../schemas/manifest.js';
import type { ColumnInfo } from '../schemas/split.js';
import type { State } from '../schemas/stats-state.js';
import { stageFile, stagingPrefix } from '../storage/bigquery/load.js';
import { ensureTable } from '../storage/bigquery/tables.js';
import { outputPath, storageFor } from '../storage/index.js';
import { datasetNames } from '../transforms/publish/rows.js';
import type { Publishing, Staged } from './publish.js';

const ATTRIBUTE = /^s_([A-Za-z][A-Za-z0-9_]*)$/;
const PROBABILITY = /^p_([A-Za-z][A-Za-z0-9_]*)$/;
const INTEGER = /^U?int(8|16|32|64)$/i;

/** What a column of our weights is to a load job. Throws InputError for one that is none of ours. */
function columnOf(file: string, { name, type }: ColumnInfo): TableColumn {
  const known: Readonly<Record<string, ColumnType>> = { weight: 'FLOAT', copies: 'INTEGER', reason: 'STRING' };
  if (name === 'id') return { name, type: INTEGER.test(type) ? 'INTEGER' : 'STRING', mode: 'NULLABLE' };
  if (name === 'labels') return { name, type: 'STRING', mode: 'REPEATED' };
  if (Object.hasOwn(known, name)) return { name, type: known[name]!, mode: 'NULLABLE' };
  if (ATTRIBUTE.test(name) && type === 'Bool') return { name, type: 'BOOLEAN', mode: 'NULLABLE' };
  if (PROBABILITY.test(name) && type === 'Float32') return { name, type: 'FLOAT', mode: 'NULLABLE' };
  throw new InputError('weights', { file, place: `column ${name}`, expected: 'a table of weights', got: type });
}

/** The client loads files of a disk only; a shard that lies elsewhere is copied to `scratch`, one at a time. */
async function localShard(directory: string, shard: string, scratch: string): Promise<string> {
  const path = outputPath(directory, shard);
  const storage = storageFor(path);
  if (storage.kind === 'folders') return resolve(path);
  const local = join(scratch, 'shard.parquet');
  await writeFile(local, await storage.readAll(path));
  return local;
}

/**
 * Stages every shard of the weights; none where the run wrote none, as a run of stats does. Throws ConfigError where they are not
 * Parquet, which is all that BigQuery loads.
 */
export async function stageWeights(
  { target, config, run, date, hooks }: Publishing,
  { directory, scratch }: { readonly directory: string; readonly scratch: string },
  { files }: Manifest,
  state: State,
): Promise<Staged[]> {
  const shards = files.filter(({ kind }) => kind === 'weights');
  const wrong = shards.find(({ format }) => format !== 'parquet');
  if (wrong !== undefined) {
    throw new ConfigError([
      `bigquery.weights: expected weights in Parquet (output.weights: parquet), got ${wrong.format}, which BigQuery does not load.`,
    ]);
  }
  const [first] = shards;
  if (first === undefined) return [];
  const path = outputPath(directory, first.path);
  const source = await storageFor(path).open(path);
  const columns = (await formatNamed(first.format).plan(source)).columns.map((c) => columnOf(path, c));
  const namesBy = (pattern: RegExp) => columns.flatMap(({ name }) => pattern.exec(name)?.[1] ?? []);
  const definition = weightsTable(namesBy(ATTRIBUTE), namesBy(PROBABILITY));
  const table = `${config.prefix}weights`;
  for (const done of await ensureTable(target, table, definition)) hooks.onLog?.('info', done);
  const tables: string[] = [];
  const purpose = { run, table, prefix: config.prefix };
  for (const { path: shard, sha256, rows = 0 } of shards) {
    hooks.signal?.throwIfAborted();
    const local = await localShard(directory, shard, scratch);
    tables.push(await stageFile(target, purpose, { path: local, format: 'PARQUET', sha256, rows, columns }));
  }
  const expressions: Readonly<Record<string, string>> = { dataset: '@dataset', id: 'CAST(`id` AS STRING)' };
  const replacement = {
    table,
    staging: `${stagingPrefix(purpose)}*`,
    columns: definition.columns.slice(RUN_COLUMNS.length).map(({ name }) => ({ name, expression: expressions[name] })),
    parameters: { dataset: datasetNames(state, config.name)[0]! },
    run,
    date,
  };
  return [{ replacement, tables, rows: shards.reduce((sum, { rows = 0 }) => sum + rows, 0) }];
}
