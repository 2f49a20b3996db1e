/** Datasets and tables of BigQuery, made or migrated where they are absent or older. */
import type { Dataset, TableMetadata } from '@google-cloud/bigquery';
import type { TableDefinition } from '../../schemas/bigquery-tables.js';
import { InputError } from '../../schemas/errors.js';
import type { BigQuery } from './client.js';
import { projectOf } from './client.js';
import { type Asked, asking, isDuplicate, isNotFound } from './errors.js';
import { runQuery } from './jobs.js';
import { type ForeignColumn, migrate, sqlType } from './migrate.js';

/** A dataset that is there, and where its jobs run. */
export interface Target {
  readonly bigquery: BigQuery;
  readonly dataset: Dataset;
  readonly project: string;
  readonly location: string;
}

const EDITOR = 'bigquery.dataEditor';

/** The dataset, made in `location` where it is absent. */
export async function ensureDataset(bigquery: BigQuery, name: string, location: string): Promise<Target> {
  const project = await projectOf(bigquery);
  const dataset = bigquery.dataset(name);
  const asked: Asked = { place: `${project}.${name}`, expected: 'a dataset that can be written to', role: EDITOR };
  return asking(asked, async () => {
    let metadata: { location?: string };
    try {
      [metadata] = await dataset.getMetadata();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await bigquery.createDataset(name, { location }).catch((e) => {
        // Another publisher was as quick.
        if (!isDuplicate(e)) throw e;
      });
      [metadata] = await dataset.getMetadata();
    }
    return { bigquery, dataset, project, location: metadata.location ?? location };
  });
}

/** How a table is written in a query; its parts have no backticks. */
export function tableName({ project, dataset }: Target, table: string): string {
  return `${project}.${dataset.id}.${table}`;
}

function metadataOf({ description, columns, partitionedBy, clusteredBy }: TableDefinition): TableMetadata {
  return {
    description,
    schema: { fields: columns as ForeignColumn[] },
    timePartitioning: { type: 'DAY', field: partitionedBy },
    clustering: { fields: [...clusteredBy] },
  } as TableMetadata;
}

/**
 * Makes the table, or adds the columns that it lacks. Resolves to what was done. Throws InputError, with every column that cannot be
 * used, where the table is of another kind.
 */
export async function ensureTable(target: Target, name: string, definition: TableDefinition): Promise<string[]> {
  const place = tableName(target, name);
  const table = target.dataset.table(name);
  return asking({ place, expected: 'a table that can be written to', role: EDITOR }, async () => {
    let metadata: TableMetadata;
    try {
      [metadata] = await table.getMetadata();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      try {
        await target.dataset.createTable(name, metadataOf(definition));
        return [`made the table ${place}`];
      } catch (raced) {
        if (!isDuplicate(raced)) throw raced;
        [metadata] = await table.getMetadata();
      }
    }
    const { missing, issues } = migrate((metadata.schema?.fields ?? []) as ForeignColumn[], definition.columns);
    if (issues.length > 0) {
      throw new InputError('BigQuery', {
        file: place,
        expected: 'the columns of this version of m4-balance',
        got: issues.join('; '),
        hint: 'Move the table away, or choose another bigquery.dataset or bigquery.prefix.',
      });
    }
    if (missing.length === 0) return [];
    // By statement: two that migrate at once do not undo each other.
    const added = missing.map((column) => `ADD COLUMN IF NOT EXISTS \`${column.name}\` ${sqlType(column)}`);
    const query = `ALTER TABLE \`${place}\` ${added.join(', ')}`;
    await runQuery(target.bigquery, { query, location: target.location });
    return [`added ${missing.map(({ name }) => name).join(', ')} to the table ${place}`];
  });
}
