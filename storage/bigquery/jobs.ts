/** Jobs of BigQuery, waited for. */
import type { Job, Query } from '@google-cloud/bigquery';
import type { BigQuery } from './client.js';
import { isTransient } from './errors.js';

/** Requests that fail for a reason that passes are made again this often, after twice as long each time. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

/** What the client throws for a request is thrown for a job that failed: an error with the reasons of the service. */
interface JobFailure {
  readonly message?: string;
  readonly reason?: string;
}

class FailedJob extends Error {
  readonly errors: readonly JobFailure[];
  constructor(result: JobFailure) {
    super(result.message ?? 'the job failed');
    this.errors = [result];
  }
}

/** Waits for the end of a job; resolves to what BigQuery tells of it. Throws where it failed. */
export async function finished(job: Job): Promise<Record<string, any>> {
  await new Promise<void>((resolve, reject) => {
    job.once('complete', () => resolve());
    job.once('error', reject);
  });
  const [metadata] = await job.getMetadata();
  if (metadata.status?.errorResult !== undefined) throw new FailedJob(metadata.status.errorResult);
  return metadata;
}

/** Runs a query to its end; resolves to what BigQuery tells of the job. */
export async function runQuery(bigquery: BigQuery, query: Query): Promise<Record<string, any>> {
  const [job] = await bigquery.createQueryJob({ useLegacySql: false, ...query });
  return finished(job);
}

/** Does `work`, again where it fails for a reason that passes. Only for what may be done twice. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt++, pause *= 2) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
