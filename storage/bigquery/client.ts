/** The client of BigQuery's REST interface, loaded only where it is wanted: it takes longer to load than a plan takes. */
import type { BigQuery } from '@google-cloud/bigquery';
import type { BigQueryConnection } from '../../schemas/bigquery.js';
import { asking } from './errors.js';

export type { BigQuery } from '@google-cloud/bigquery';

/**
 * A client with the credentials that Google's default rules find. An emulator's endpoint is sent none, and is asked once: it is there
 * or it is not.
 */
export async function openBigQuery({ project, endpoint }: BigQueryConnection): Promise<BigQuery> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const projectId = project === undefined ? {} : { projectId: project };
  if (endpoint === undefined) return new BigQuery(projectId);
  const { PassThroughClient } = await import('google-auth-library');
  return new BigQuery({
    ...projectId,
    apiEndpoint: endpoint.replace(/\/$/, ''),
    // Of the same class but for the declarations, which two versions of the package have apart.
    authClient: new PassThroughClient() as never,
    autoRetry: false,
  });
}

/** The project that pays. Throws ServiceError where neither the configuration nor the credentials tell. */
export function projectOf(bigquery: BigQuery): Promise<string> {
  return asking({ place: 'credentials', expected: 'a project that pays', role: 'bigquery.user' }, () =>
    bigquery.getProjectId(),
  );
}
