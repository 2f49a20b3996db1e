/** What every step of a run needs to know, kept in the staging folder so that workers read it instead of carrying it. */
import type { FilterRule, RunConfig } from '../../schemas/config.js';
import { InvariantError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { below, storageFor } from '../../storage/index.js';
import type { EncoderVersions } from '../image/encoder.js';
import type { PlannedModel } from '../model/columns.js';
import type { Lexicon } from '../tag/lexicon.js';
import type { InputPlan } from './plan.js';

export interface Job {
  /** Hash of configuration, input and version: runs with the same one give the same bytes. */
  readonly run: string;
  /** Version of m4-balance. */
  readonly version: string;
  /** With column names as the batches have them. */
  readonly config: RunConfig;
  readonly plan: InputPlan;
  /** The configuration's filters, presets written out and files of terms read. */
  readonly rules: readonly FilterRule[];
  /** Columns of the batches, those of models last. */
  readonly columns: readonly ColumnInfo[];
  /** Contents of every lexicon that the configuration names, so that workers need not have the files. */
  readonly lexicons: Readonly<Record<string, Lexicon>>;
  /** Models, whose scores are columns of the batches; left out: none. */
  readonly models?: readonly PlannedModel[];
  /** Versions of what encodes the images again; left out: nothing does. */
  readonly encoder?: EncoderVersions;
  /** Text of the duals to start from. */
  readonly warm?: string | undefined;
}

/** Folder of files that become the output. */
export function dataPath(staging: string): string {
  return below(staging, 'data');
}

/** A file of the run's own bookkeeping. */
export function workPath(staging: string, ...names: string[]): string {
  return below(staging, 'work', ...names);
}

const JOB = 'job.json';

/** Writes a small file whole or not at all. */
export async function saveBytes(path: string, bytes: Uint8Array): Promise<void> {
  const sink = await storageFor(path).create(path);
  try {
    await sink.write(bytes);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** Puts the job into an empty staging folder. */
export async function beginJob(staging: string, job: Job): Promise<void> {
  await saveBytes(workPath(staging, JOB), Buffer.from(JSON.stringify(job)));
}

/** The job of a staging folder, or undefined where none was begun. */
export async function findJob(staging: string): Promise<Job | undefined> {
  const path = workPath(staging, JOB);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return undefined;
  return JSON.parse(new TextDecoder().decode(await storage.readAll(path))) as Job;
}

/** The job of a staging folder. Throws InvariantError where there is none. */
export async function loadJob(staging: string): Promise<Job> {
  const job = await findJob(staging);
  if (job === undefined) throw new InvariantError(`no job in ${staging}`);
  return job;
}
