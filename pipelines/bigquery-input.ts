/**
 * A table of BigQuery as input. It is copied once, beside the output, and read from there like any files. So both passes, every retry and every
 * worker see the same rows under the same numbers, which a table that is written to, and streams that end after some hours, would not
 * give; and BigQuery is paid for one reading.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { BigQueryInput } from '../schemas/bigquery.js';
import { ConfigError, InputError } from '../schemas/errors.js';
import { type BigQuery, openBigQuery, projectOf } from '../storage/bigquery/client.js';
import { asking } from '../storage/bigquery/errors.js';
import { copyStreams, writeSchema } from '../storage/bigquery/read.js';
import { openReadApi, type ReadApi, type ReadSession } from '../storage/bigquery/read-api.js';
import { type BigQuerySource, findSource } from '../storage/bigquery/source.js';
import { type FolderStorage, storageFor } from '../storage/index.js';
import { saveBytes } from '../transforms/read/job.js';
import type { InputPlan } from '../transforms/read/plan.js';
import type { RunHooks } from './hooks.js';
import { ownPartial, requireUnowned } from './owner.js';

/** Beside the streams: what they are a copy of. The folder gets its name when it is whole. */
const copySchema = z.strictObject({
  version: z.literal(1),
  identity: z.string(),
  columns: z.array(z.string()).nullable(),
  rows: z.number(),
});

const HASH_DIGITS = 12;

/** Where copies of tables lie, beside the output. */
export const copiesBeside = (directory: string) => `${resolve(directory)}.input`;

/** The same for the same table or query, and columns of it. */
export function sourceDigest({ table, query, columns }: BigQueryInput): string {
  const hash = createHash('sha256').update(JSON.stringify([table, query, columns]));
  return hash.digest('hex').slice(0, HASH_DIGITS);
}

/** Beside the output, so that the next run of the same table finds it; each table and query has its own. */
export function copyOf(directory: string, input: BigQueryInput): string {
  return join(copiesBeside(directory), sourceDigest(input));
}

const marker = (folder: string) => join(folder, 'copied.json');
const streamPath = (folder: string, i: number) => join(folder, `stream-${String(i).padStart(5, '0')}.arrows`);

interface Opened {
  readonly source: BigQuerySource;
  readonly api: ReadApi;
  readonly session: (streams: number) => Promise<ReadSession>;
}

/** Finds what is to be read, by a client and the project that pays. */
type Find = (bigquery: BigQuery, project: string) => Promise<BigQuerySource>;

async function opened<T>(input: BigQueryInput, find: Find, work: (opened: Opened) => Promise<T>): Promise<T> {
  const bigquery = await openBigQuery(input);
  const project = await projectOf(bigquery);
  const source = await find(bigquery, project);
  const { path, asked, restriction } = source;
  const api = await openReadApi(bigquery, input.readEndpoint);
  const request = { project, table: path, columns: input.columns, restriction };
  const reading = { ...asked, role: 'bigquery.readSessionUser' };
  try {
    return await work({
      source,
      api,
      session: (streams) => asking(reading, () => api.createSession(request, streams)),
    });
  } finally {
    api.close();
  }
}

/** Rows of a copy that is whole and of the same rows, undefined where there is none. */
async function rowsOfCopy(folder: string, { identity }: BigQuerySource, { columns }: BigQueryInput) {
  const path = marker(folder);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return undefined;
  const { data } = copySchema.safeParse(JSON.parse(new TextDecoder().decode(await storage.readAll(path))));
  const same = data?.identity === identity && JSON.stringify(data.columns) === JSON.stringify(columns ?? null);
  return same ? data.rows : undefined;
}

/** A copy gets its name by the renaming of a folder. */
function diskFor(directory: string): FolderStorage {
  const storage = storageFor(directory);
  if (storage.kind === 'folders') return storage;
  throw new ConfigError([
    `output.directory: expected a folder of a disk with input.bigquery, whose copy lies beside it, got ${directory}.`,
  ]);
}

/** The folder of the copy, made where it is absent, broken off, or of other rows. Throws InputError or ServiceError. */
export async function copyTable(input: BigQueryInput, directory: string, hooks: RunHooks): Promise<string> {
  diskFor(directory);
  const find: Find = (bigquery, project) => findSource(bigquery, project, input);
  return copyInto(copyOf(directory, input), input, find, hooks);
}

/** The same of what `find` finds, into a folder of its own. */
export async function copyInto(
  folder: string,
  input: BigQueryInput,
  find: Find,
  { onLog, onProgress, signal }: RunHooks,
): Promise<string> {
  const storage = diskFor(folder);
  return opened(input, find, async ({ source, api, session }) => {
    if ((await rowsOfCopy(folder, source, input)) !== undefined) {
      onLog?.('info', `${source.name}: copied before`);
      return folder;
    }
    const partial = `${folder}.partial`;
    await requireUnowned(partial);
    await storage.remove(partial);
    await ownPartial(partial);
    onLog?.('info', `copying ${source.name} to ${folder}`);
    let done = 0;
    const data = join(partial, 'data');
    const rows = await copyStreams(api, storage, {
      asked: source.asked,
      session: await session(input.streams),
      pathOf: (i) => streamPath(data, i),
      atOnce: input.streams,
      onRows: (count) => {
        done += count;
        onProgress?.({ phase: 'copy from BigQuery', rows: done, total: source.rows, counters: new Map() });
      },
      signal,
    });
    const total = rows.reduce((sum, count) => sum + count, 0);
    requireAll(source, total);
    const copied = { version: 1, identity: source.identity, columns: input.columns ?? null, rows: total };
    await saveBytes(marker(data), Buffer.from(`${JSON.stringify(copied)}\n`));
    await storage.remove(folder);
    await storage.publish(data, folder);
    await storage.remove(partial);
    return folder;
  });
}

function requireAll({ name, rows, exact }: BigQuerySource, copied: number): void {
  if (!exact || rows === copied) return;
  throw new InputError('BigQuery', {
    file: name,
    expected: `${rows} rows, as the table has`,
    got: `${copied}`,
    hint: 'It may have been written to meanwhile: start the run again.',
  });
}

/** The plan of a copy, or, where there is none yet, of a table with the same columns and size. Nothing is copied. */
export async function lookAtTable(
  input: BigQueryInput,
  directory: string,
  plan: (files: string) => Promise<InputPlan>,
): Promise<InputPlan> {
  diskFor(directory);
  const folder = copyOf(directory, input);
  const find: Find = (bigquery, project) => findSource(bigquery, project, input);
  return opened(input, find, async ({ source, session }) => {
    if ((await rowsOfCopy(folder, source, input)) !== undefined) return plan(folder);
    const scratch = await mkdtemp(join(tmpdir(), 'm4-balance-look-'));
    try {
      const path = streamPath(scratch, 0);
      await writeSchema(storageFor(path), path, await session(1));
      const { files, ...empty } = await plan(path);
      const { rows, bytes, name } = source;
      return {
        ...empty,
        rows,
        bytes,
        files: files.map((f) => ({ ...f, path: name, bytes, groups: [{ rows, bytes }] })),
      };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
}
