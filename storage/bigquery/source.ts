/** What is to be read of BigQuery, as a table that holds still: a table as it is now, or the result of a query. */
import { createHash } from 'node:crypto';
import type { TableMetadata } from '@google-cloud/bigquery';
import type { BigQueryInput } from '../../schemas/bigquery.js';
import { ConfigError, InputError } from '../../schemas/errors.js';
import type { BigQuery } from './client.js';
import { type Asked, asking } from './errors.js';
import { runQuery } from './jobs.js';

export interface BigQuerySource {
  /** As projects/…/datasets/…/tables/…. */
  readonly path: string;
  /** As project.dataset.table, or the query's beginning, for messages. */
  readonly name: string;
  /** Equal where the rows are: the table and when it was last changed. BigQuery gives the same query the same table while its result is the same. */
  readonly identity: string;
  readonly rows: number;
  readonly bytes: number;
  /** Whether `rows` is exact: rows that are still in a buffer are not in it. */
  readonly exact: boolean;
  readonly asked: Asked;
  /** Which rows of the table, as a condition in GoogleSQL; undefined: all. */
  readonly restriction?: string;
}

const QUERY_SHOWN = 60;
/** How long the result of a query is kept in `scratch`. */
const KEPT_MS = 6 * 3600 * 1000;
export const VIEWER = 'bigquery.dataViewer';

export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/**
 * Runs the query, or looks the table up. A view is read as the query that it is, since rows of a view cannot be read.
 * Throws InputError where there is no such table, or no rows can come of the query, ConfigError for a table with a day in its name.
 */
export async function findSource(bigquery: BigQuery, project: string, input: BigQueryInput): Promise<BigQuerySource> {
  if (input.query !== undefined) {
    const shown = input.query.replaceAll(/\s+/g, ' ').trim().slice(0, QUERY_SHOWN);
    return queried(bigquery, input.query, askedOf(`query "${shown}"`), input);
  }
  if (input.table!.includes('{')) {
    throw new ConfigError([
      `input.bigquery.table: expected a table, got ${input.table}, which has the day in its name, as only nightly reads them.`,
    ]);
  }
  const reference = referenceOf(project, input.table!);
  const name = nameOf(reference);
  const asked = { place: name, expected: 'a table that can be read', role: VIEWER };
  const metadata = await asking(asked, async () => (await tableOf(bigquery, reference).getMetadata())[0]);
  if (metadata.type === 'TABLE' || metadata.type === 'SNAPSHOT') return sourceOf(reference, metadata, asked);
  const columns = input.columns?.map((c) => `\`${c}\``).join(', ') ?? '*';
  return queried(bigquery, `SELECT ${columns} FROM \`${name}\``, askedOf(name), input);
}

const askedOf = (place: string): Asked => ({ place, expected: 'a query that gives rows', role: VIEWER });

/** `project`: where the table is, if it does not tell. */
export function referenceOf(project: string, table: string): TableReference {
  const [tableId, datasetId, ...rest] = table.split('.').reverse() as [string, string, ...string[]];
  return { projectId: rest.length === 0 ? project : rest.reverse().join('.'), datasetId, tableId };
}

export function tableOf(bigquery: BigQuery, { projectId, datasetId, tableId }: TableReference) {
  return bigquery.dataset(datasetId, { projectId }).table(tableId);
}

export const nameOf = ({ projectId, datasetId, tableId }: TableReference) => `${projectId}.${datasetId}.${tableId}`;

/** The result of a query. Where no dataset is named for it, it is in the table that BigQuery makes itself, and finds again while it is the same. */
async function queried(bigquery: BigQuery, query: string, asked: Asked, { location, scratch }: BigQueryInput) {
  return asking(asked, async () => {
    const run = async (statement: string, wanted: string) => {
      const { configuration, statistics } = await runQuery(bigquery, {
        query: statement,
        ...(location && { location }),
      });
      const got = statistics?.query?.statementType;
      if (got === wanted) return configuration?.query?.destinationTable as TableReference;
      throw new InputError('BigQuery', {
        file: asked.place,
        expected: asked.expected,
        got: `${got ?? 'something else'}`,
      });
    };
    const reference =
      scratch === undefined
        ? await run(query, 'SELECT')
        : await keptResult(bigquery, query, scratch, (statement) => run(statement, 'CREATE_TABLE_AS_SELECT'));
    const [metadata] = await tableOf(bigquery, reference).getMetadata();
    return sourceOf(reference, metadata, { ...asked, expected: 'a result that can be read' });
  });
}

/** The result in a table of the dataset `scratch`, which goes by itself; until then it is that of the same query. */
async function keptResult(
  bigquery: BigQuery,
  query: string,
  scratch: string,
  create: (statement: string) => Promise<unknown>,
): Promise<TableReference> {
  const [tableId, datasetId] = [`query_${createHash('sha256').update(query).digest('hex').slice(0, 16)}`, scratch];
  const reference = { projectId: await bigquery.getProjectId(), datasetId, tableId };
  const table = tableOf(bigquery, reference);
  const [exists] = await table.exists();
  if (exists) return reference;
  await create(`CREATE TABLE \`${nameOf(reference)}\` AS\n${query.replace(/[;\s]+$/, '')}`);
  await table.setMetadata({ expirationTime: String(Date.now() + KEPT_MS) } as TableMetadata);
  return reference;
}

export function sourceOf(reference: TableReference, metadata: Record<string, any>, asked: Asked): BigQuerySource {
  const { projectId, datasetId, tableId } = reference;
  const { creationTime = '', lastModifiedTime = '', numRows, numBytes, streamingBuffer } = metadata;
  return {
    path: `projects/${projectId}/datasets/${datasetId}/tables/${tableId}`,
    name: asked.place,
    identity: [nameOf(reference), creationTime, lastModifiedTime, numRows, numBytes].join('@'),
    rows: Number(numRows ?? 0),
    bytes: Number(numBytes ?? 0),
    exact: streamingBuffer === undefined && numRows !== undefined,
    asked,
  };
}
