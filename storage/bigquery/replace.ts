/**
 * Puts the rows of staging tables in place of all that a table has of the same run, in one statement: whoever reads sees the old rows or the
 * new ones, and repeating it changes nothing.
 */
import type { TableMetadata } from '@google-cloud/bigquery';
import type { TableColumn } from '../../schemas/bigquery-tables.js';
import { asking } from './errors.js';
import { patiently, runQuery } from './jobs.js';
import { type Target, tableName } from './tables.js';

export interface Replacement {
  readonly table: string;
  /** Staging tables, or one name that ends in `*` for all that begin with it. */
  readonly staging: string;
  /** Columns that the staging tables have, with the expression that gives the column; left out: the column itself. */
  readonly columns: readonly (Pick<TableColumn, 'name'> & { readonly expression?: string })[];
  readonly run: string;
  /** As 2026-11-25. */
  readonly date: string;
  /** Values of parameters in expressions. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** A column that must be equal too for a row to be replaced. */
  readonly also?: string;
}

const quoted = (name: string) => `\`${name}\``;

/**
 * The statement. Rows to be replaced are told by their run alone, and not by its date: another date must not leave the old ones behind.
 * `ON FALSE` makes MERGE one deletion and one insertion.
 */
export function replaceStatement(target: Target, { table, staging, columns, also }: Replacement): string {
  const names = ['run', 'run_date', ...columns.map((c) => c.name)].map(quoted);
  const values = columns.map(({ name, expression }) => `${expression ?? quoted(name)} AS ${quoted(name)}`);
  return [
    `MERGE ${quoted(tableName(target, table))} AS T`,
    `USING (SELECT @run AS \`run\`, @date AS \`run_date\`, ${values.join(', ')} FROM ${quoted(tableName(target, staging))}) AS S`,
    'ON FALSE',
    `WHEN NOT MATCHED BY SOURCE AND T.run = @run${also === undefined ? '' : ` AND T.${quoted(also)} = @${also}`} THEN DELETE`,
    `WHEN NOT MATCHED BY TARGET THEN INSERT (${names.join(', ')}) VALUES (${names.join(', ')})`,
  ].join('\n');
}

/** Throws ServiceError or InputError. */
export async function replaceRows(target: Target, replacement: Replacement): Promise<void> {
  const { run, date, parameters } = replacement;
  const { bigquery, location } = target;
  const place = tableName(target, replacement.table);
  await asking({ place, expected: 'rows put in place', role: 'bigquery.dataEditor' }, async () => {
    const query = replaceStatement(target, replacement);
    const params = { ...parameters, run, date: bigquery.date(date) };
    await patiently(() => runQuery(bigquery, { query, params, location }));
  });
}

/** How long staging tables stay whose rows are in place: another publisher of the same run may be about to use them. */
const RETIRED_MS = 3600 * 1000;

/** Lets staging tables go. One for which that fails goes by itself, a day after it was made. */
export async function retireStaging({ dataset }: Target, names: readonly string[]): Promise<void> {
  const expirationTime = String(Date.now() + RETIRED_MS);
  await Promise.allSettled(names.map((name) => dataset.table(name).setMetadata({ expirationTime } as TableMetadata)));
}
