/** The emulator of BigQuery, and what a test asks it by its own client. */
import type { BigQueryConfig } from '../../schemas/bigquery.js';
import { type BigQuery, openBigQuery } from '../../storage/bigquery/client.js';
import { startBigQuery } from './runners.js';

export interface Emulator {
  readonly bigquery: BigQuery;
  readonly project: string;
  /** Both endpoints and the project: what the configuration names of it. */
  readonly input: { readonly project: string; readonly endpoint: string; readonly readEndpoint: string };
  /** The section `bigquery` for a dataset of its own. */
  target(dataset: string, more?: Partial<BigQueryConfig>): BigQueryConfig;
  /** Rows of a query; dates as text. */
  query(sql: string): Promise<Record<string, any>[]>;
  stop(): Promise<void>;
}

/** Starts it, or gives the reason why not, for tests to be skipped with. */
export async function startEmulator(): Promise<Emulator | { readonly absent: string }> {
  const started = await startBigQuery();
  if (started.absent !== undefined) return started;
  const { endpoint, readEndpoint, project, stop } = started;
  const bigquery = await openBigQuery({ project, endpoint });
  return {
    bigquery,
    project,
    input: { project, endpoint, readEndpoint },
    target: (dataset, more = {}) => ({
      dataset,
      project,
      endpoint,
      location: 'EU',
      prefix: '',
      weights: false,
      ...more,
    }),
    async query(sql) {
      const [job] = await bigquery.createQueryJob({ query: sql, useLegacySql: false });
      const [rows] = await job.getQueryResults();
      const [{ status }] = await job.getMetadata();
      if (status?.errorResult) throw new Error(status.errorResult.message);
      return rows.map((row: object) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value?.value ?? value])),
      );
    },
    stop,
  };
}
