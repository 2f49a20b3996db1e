/**
 * Load jobs into a staging table of their own. Loaded twice, a file is there once, for two reasons that do not need each other:
 * BigQuery takes a job id only once, and a load replaces what the staging table holds. (An emulator may not promise the first.)
 */
import { createHash } from 'node:crypto';
import type { Job, JobLoadMetadata, TableMetadata } from '@google-cloud/bigquery';
import type { TableColumn } from '../../schemas/bigquery-tables.js';
import { ServiceError } from '../../schemas/errors.js';
import { localStorage } from '../local.js';
import { asking, isDuplicate, isNotFound } from './errors.js';
import { finished, patiently } from './jobs.js';
import { type Target, tableName } from './tables.js';

/** A local file whose rows go into one staging table. */
export interface LoadFile {
  readonly path: string;
  readonly format: 'NEWLINE_DELIMITED_JSON' | 'PARQUET';
  /** Of its bytes: with the run, it names the job. */
  readonly sha256: string;
  readonly rows: number;
  readonly columns: readonly TableColumn[];
}

/** What a load is for; with the content of the file it names the job. */
export interface LoadPurpose {
  readonly run: string;
  /** Name of the table in which the rows end. */
  readonly table: string;
  /** Before the name of the staging table. */
  readonly prefix: string;
}

/** After this, a staging table that was left behind goes by itself. */
const STAGING_MS = 24 * 3600 * 1000;
const HASH_DIGITS = 12;
/** A job that failed has used up its id; a retry takes the next. */
const MAXIMUM_TRIES = 100;

const shortHash = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, HASH_DIGITS);

/** What the names of all staging tables of one run and table begin with. */
export function stagingPrefix({ run, table, prefix }: LoadPurpose): string {
  return `${prefix}load_${table.slice(prefix.length)}_${shortHash(run)}_`;
}

/** Loads the file, unless a job of the same name has; resolves to the name of the staging table. Throws ServiceError or InputError. */
export function stageFile(target: Target, purpose: LoadPurpose, file: LoadFile): Promise<string> {
  const name = `${stagingPrefix(purpose)}${shortHash(file.sha256)}`;
  const asked = {
    place: tableName(target, purpose.table),
    expected: `a load job that takes ${file.path}`,
    role: 'bigquery.dataEditor',
  };
  return asking(asked, async () => {
    // The client reads it on its own, and would end the process where it is not there.
    await localStorage.open(file.path);
    await makeStaging(target, name, file.columns);
    for (let attempt = 1; ; attempt++) {
      const jobId = `m4-balance_${name}_${attempt}`;
      const earlier = await jobOf(target, jobId);
      if (earlier === undefined || attempt === MAXIMUM_TRIES) {
        const loaded = rowsOf(await patiently(() => load(target, name, jobId, file)));
        if (loaded === file.rows) return name;
        throw new ServiceError('BigQuery', {
          ...asked,
          file: asked.place,
          expected: `${file.rows} rows of ${file.path}`,
          got: `${loaded}`,
        });
      }
      const metadata = await finished(earlier).catch(() => undefined);
      // It may have been followed by a table that was made anew.
      if (metadata !== undefined && rowsOf(metadata) === file.rows && (await countOf(target, name)) === file.rows)
        return name;
    }
  });
}

async function makeStaging({ dataset }: Target, name: string, columns: readonly TableColumn[]): Promise<void> {
  const expirationTime = String(Date.now() + STAGING_MS);
  try {
    await dataset.createTable(name, { schema: { fields: columns }, expirationTime } as TableMetadata);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await dataset.table(name).setMetadata({ expirationTime } as TableMetadata);
  }
}

/** The job of this id, undefined where BigQuery knows of none. */
async function jobOf({ bigquery, location, project }: Target, jobId: string): Promise<Job | undefined> {
  const job = bigquery.job(jobId, { location, projectId: project });
  try {
    await job.getMetadata();
    return job;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function load(target: Target, name: string, jobId: string, { path, format, columns }: LoadFile) {
  const metadata = {
    jobId,
    sourceFormat: format,
    schema: { fields: columns },
    writeDisposition: 'WRITE_TRUNCATE',
    createDisposition: 'CREATE_IF_NEEDED',
    ...(format === 'PARQUET' && { parquetOptions: { enableListInference: true } }),
  } as JobLoadMetadata;
  const table = target.dataset.table(name, { location: target.location });
  try {
    const [job] = await table.createLoadJob(path, metadata);
    return await finished(job);
  } catch (error) {
    // The first request arrived, and its answer was lost.
    const job = isDuplicate(error) ? await jobOf(target, jobId) : undefined;
    if (job === undefined) throw error;
    return finished(job);
  }
}

function rowsOf(metadata: Record<string, any>): number {
  return Number(metadata.statistics?.load?.outputRows);
}

async function countOf({ dataset }: Target, name: string): Promise<number> {
  const [metadata] = await dataset.table(name).getMetadata();
  return Number(metadata.numRows);
}
