/** Nights that are tables of BigQuery, or the partitions of one. Each is copied once, and counted and written from its copy. */
import { join } from 'node:path';
import type { BigQueryInput } from '../../schemas/bigquery.js';
import { ChangedError } from '../../schemas/errors.js';
import type { InputFile } from '../../schemas/nightly.js';
import { type BigQuery, openBigQuery, projectOf } from '../../storage/bigquery/client.js';
import { findDayTable, findPartitions, type NightSource, type TableNight } from '../../storage/bigquery/nights.js';
import { storageFor } from '../../storage/index.js';
import { type FoundNight, sameInputs } from '../../transforms/nightly/compare.js';
import { forNight, namesNight } from '../../transforms/nightly/nights.js';
import { copiesBeside, copyInto, sourceDigest } from '../bigquery-input.js';
import type { RunHooks } from '../hooks.js';

/** Apart from the copies of single runs. */
const copiesOf = (directory: string) => join(copiesBeside(directory), 'nightly');

/** Of the same name whatever the table's state: a night that is replaced takes the place of what was copied of it. */
function copyOf(directory: string, input: BigQueryInput, night: string): string {
  return join(copiesOf(directory), `${night}-${sourceDigest(input)}`);
}

type Look = (night: string) => Promise<TableNight>;

async function lookInto(
  bigquery: BigQuery,
  project: string,
  input: BigQueryInput,
  nights: readonly string[],
): Promise<Look> {
  const table = input.table!;
  if (namesNight(table)) return (night) => findDayTable(bigquery, project, forNight(table, night));
  const partitions = await findPartitions(bigquery, project, table, nights, input.location);
  return async (night) => partitions.get(night) ?? {};
}

/** What there is of each of the nights; nothing is copied. Throws InputError for a table that has no nights, ServiceError where BigQuery refuses. */
export async function openNights(
  input: BigQueryInput,
  nights: readonly string[],
): Promise<(night: string) => Promise<FoundNight>> {
  const bigquery = await openBigQuery(input);
  const look = await lookInto(bigquery, await projectOf(bigquery), input, nights);
  return async (night) => {
    const { source, waiting } = await look(night);
    if (waiting !== undefined) return { night, inputs: [], waiting };
    return { night, inputs: source === undefined || source.rows === 0 ? [] : [source.entry] };
  };
}

/**
 * The folder with a night's rows. Throws ChangedError where the table is not, or no longer, as it was found: what was copied of it is not used then.
 */
export async function copyNight(
  input: BigQueryInput,
  directory: string,
  night: string,
  expected: readonly InputFile[],
  hooks: RunHooks,
): Promise<string> {
  const find = async (bigquery: BigQuery, project: string): Promise<NightSource> => {
    const { source } = await (await lookInto(bigquery, project, input, [night]))(night);
    if (source !== undefined && sameInputs([source.entry], expected)) return source;
    throw new ChangedError('input', {
      file: expected[0]?.path ?? `bigquery:${input.table}`,
      expected: `the table of ${expected[0]?.stamp}`,
      got: source === undefined ? 'none' : `one of ${source.entry.stamp}`,
    });
  };
  const folder = await copyInto(copyOf(directory, input, night), input, find, hooks);
  const bigquery = await openBigQuery(input);
  await find(bigquery, await projectOf(bigquery));
  return folder;
}

/** Removes the copies of all nights. */
export async function removeCopies(directory: string): Promise<void> {
  const folder = copiesOf(directory);
  await storageFor(folder).remove(folder);
}
