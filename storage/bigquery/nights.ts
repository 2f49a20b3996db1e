/** Tables of BigQuery by the night: a table each, or the partitions of one. What is there, how large, and when it was last changed. */

import { InputError } from '../../schemas/errors.js';
import type { InputFile } from '../../schemas/nightly.js';
import type { BigQuery } from './client.js';
import { type Asked, asking, isNotFound } from './errors.js';
import { type BigQuerySource, nameOf, referenceOf, sourceOf, tableOf, VIEWER } from './source.js';

/** A night's rows. */
export interface NightSource extends BigQuerySource {
  /** What the ledger has of it: a night whose table is changed has another one. */
  readonly entry: InputFile;
}

/** What there is of a night; neither: nothing. */
export interface TableNight {
  readonly source?: NightSource;
  /** Why its rows do not count yet. */
  readonly waiting?: string;
}

/** Of a table's metadata: rows that are not yet where they belong. Numbers are texts (tables.get of the REST interface). */
export interface StreamingBuffer {
  readonly estimatedRows?: string;
  /** Milliseconds. */
  readonly oldestEntryTime?: string;
}

type Metadata = Record<string, any>;

const VIEW_HINT = 'A view does not tell when its rows change: name the table behind it.';
const DAY_MS = 86_400_000;

/** The same text as long as the rows are. The number of rows is in it, as the time alone may be that of the whole table. */
const stampOf = (milliseconds: number, rows: number) => `${new Date(milliseconds).toISOString()}, ${rows} rows`;

/** A table each night. Throws InputError where it is no table, ServiceError where BigQuery refuses. */
export async function findDayTable(bigquery: BigQuery, project: string, table: string): Promise<TableNight> {
  const reference = referenceOf(project, table);
  const name = nameOf(reference);
  const asked = { place: name, expected: 'a table that can be read', role: VIEWER };
  const metadata = await metadataOf(bigquery, reference, asked);
  if (metadata === undefined) return {};
  const source = sourceOf(reference, metadata, asked);
  const { rows, bytes } = source;
  const entry = { path: `bigquery:${name}`, bytes, stamp: stampOf(Number(metadata.lastModifiedTime), rows) };
  const waiting = bufferWaits(metadata.streamingBuffer, name);
  return { source: { ...source, entry }, ...(waiting && { waiting }) };
}

/** Of a table or partition that is wanted whole: why it is not, or undefined. */
function bufferWaits(buffer: StreamingBuffer | undefined, name: string): string | undefined {
  if (buffer === undefined) return undefined;
  return `${name} has ${buffer.estimatedRows ?? 'some'} rows in its streaming buffer yet`;
}

/**
 * The partition of each night of a table that is partitioned by day, by one query of INFORMATION_SCHEMA.PARTITIONS. Throws InputError where
 * the table is partitioned otherwise, ServiceError where BigQuery refuses.
 */
export async function findPartitions(
  bigquery: BigQuery,
  project: string,
  table: string,
  nights: readonly string[],
  location: string | undefined,
): Promise<ReadonlyMap<string, TableNight>> {
  const reference = referenceOf(project, table);
  const { projectId, datasetId, tableId } = reference;
  const name = nameOf(reference);
  const asked = { place: name, expected: 'a table that can be read', role: VIEWER };
  const metadata = await metadataOf(bigquery, reference, asked);
  if (metadata === undefined) throw new InputError('BigQuery', { file: name, expected: asked.expected, got: 'none' });
  const restrictionOf = restrictionsOf(name, metadata);
  const query = `SELECT partition_id AS id, total_rows AS n, total_logical_bytes AS bytes, UNIX_MILLIS(last_modified_time) AS modified
FROM \`${projectId}.${datasetId}\`.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = '${tableId}'`;
  const [found] = await asking(asked, () =>
    bigquery.query({ query, useLegacySql: false, ...(location && { location }) }),
  );
  const partitions = new Map((found as Metadata[]).map((row) => [String(row.id), row]));
  const whole = sourceOf(reference, metadata, asked);
  const sources = new Map<string, TableNight>();
  for (const night of nights) {
    const id = night.replaceAll('-', '');
    const partition = partitions.get(id);
    const waiting = nightWaits(metadata.streamingBuffer, night, name);
    const rows = Number(partition?.n ?? 0);
    if (partition === undefined || rows === 0) {
      sources.set(night, waiting === undefined ? {} : { waiting });
      continue;
    }
    const bytes = Number(partition.bytes ?? 0);
    const stamp = stampOf(Number(partition.modified), rows);
    const place = `${name}$${id}`;
    const source: NightSource = {
      ...whole,
      name: place,
      identity: [place, metadata.creationTime, stamp, bytes].join('@'),
      rows,
      bytes,
      asked: { ...asked, place },
      restriction: restrictionOf(night),
      entry: { path: `bigquery:${place}`, bytes, stamp },
    };
    sources.set(night, { source, ...(waiting && { waiting }) });
  }
  return sources;
}

/**
 * Why a night's partition does not count yet, undefined where it does. Rows that are in the buffer may be of any day; those of a day before the oldest of
 * them came make its partition another one when they get there, and are found then.
 */
export function nightWaits(buffer: StreamingBuffer | undefined, night: string, name: string): string | undefined {
  const oldest = Number(buffer?.oldestEntryTime ?? 0);
  return oldest >= Date.parse(`${night}T00:00:00Z`) + DAY_MS ? undefined : bufferWaits(buffer, name);
}

/** The condition on a night's rows. Throws InputError for a table that has no partition for each day. */
export function restrictionsOf(name: string, { timePartitioning, schema }: Metadata): (night: string) => string {
  const { type, field } = (timePartitioning ?? {}) as { type?: string; field?: string };
  const column = schema?.fields?.find((f: Metadata) => f.name === field) as { type: string } | undefined;
  if (type === 'DAY' && column?.type === 'DATE') return (night) => `\`${field}\` = DATE '${night}'`;
  const got =
    type === undefined
      ? 'one without such partitions'
      : type !== 'DAY'
        ? `one partitioned by ${type}`
        : field === undefined
          ? 'one partitioned by the time of ingestion'
          : `one partitioned by ${field}, of type ${column?.type ?? 'unknown'}`;
  throw new InputError('BigQuery', {
    file: name,
    expected: 'a table partitioned by day, by a column of type DATE',
    got,
    hint: 'Or give each day a table of its own, as pairs_{yyyy}{mm}{dd}.',
  });
}

/** undefined: there is no such table. Throws InputError for a view and what else has no time of change. */
async function metadataOf(bigquery: BigQuery, reference: Parameters<typeof tableOf>[1], asked: Asked) {
  const metadata = await asking(asked, async (): Promise<Metadata | undefined> => {
    try {
      return (await tableOf(bigquery, reference).getMetadata())[0];
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
  if (metadata === undefined || metadata.type === 'TABLE' || metadata.type === 'SNAPSHOT') return metadata;
  const got = String(metadata.type).toLowerCase().replaceAll('_', ' ');
  throw new InputError('BigQuery', { file: asked.place, expected: 'a table', got: `a ${got}`, hint: VIEW_HINT });
}
