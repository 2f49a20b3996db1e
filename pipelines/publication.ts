/** What a finished output says of itself, and of where it is published. */
import { posix } from 'node:path';
import type * as z from 'zod';
import { type BigQueryConfig, bigQuerySchema } from '../schemas/bigquery.js';
import { ConfigError, InputError } from '../schemas/errors.js';
import type { Manifest } from '../schemas/manifest.js';
import { PUBLICATION_VERSION, type Publication, publicationSchema } from '../schemas/publication.js';
import type { State } from '../schemas/stats-state.js';
import { below, outputPath, storageFor } from '../storage/index.js';
import { saveBytes } from '../transforms/read/job.js';
import { manifestPath, readPublished } from '../transforms/write/finished.js';
import { readState } from './outputs.js';

const PUBLICATION = 'publish.json';

async function readJson<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const bytes = await storageFor(path).readAll(path);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new InputError(what, {
      file: path,
      expected: `${what} of this version of m4-balance`,
      got: error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, 200) : String(error),
    });
  }
}

/** The manifest and the state of a finished output. Throws InputError where the folder holds none. */
export async function readOutput(directory: string): Promise<{ manifest: Manifest; state: State }> {
  const { manifest } = await readPublished(directory);
  if (manifest === undefined) {
    throw new InputError('publish', {
      file: directory,
      expected: 'the output of a finished run of balance or stats',
      got: `a folder without ${posix.basename(manifestPath(directory))}, or none`,
    });
  }
  return { manifest, state: (await readState(directory)).state };
}

/** Beside the state, so that on object storage too it belongs to this run, and goes when the run is replaced. */
async function publicationPath(directory: string): Promise<string> {
  const { manifest } = await readPublished(directory);
  const state = manifest?.files.find(({ kind }) => kind === 'state');
  return state === undefined
    ? below(directory, PUBLICATION)
    : outputPath(directory, posix.join(posix.dirname(state.path), PUBLICATION));
}

/** How the output was published before, undefined where it was not. */
export async function readPublication(directory: string): Promise<Publication | undefined> {
  const path = await publicationPath(directory);
  return (await storageFor(path).exists(path)) ? readJson(path, publicationSchema, 'a publication') : undefined;
}

export async function savePublication(directory: string, publication: Omit<Publication, 'version'>): Promise<void> {
  const text = `${JSON.stringify({ version: PUBLICATION_VERSION, ...publication }, null, 2)}\n`;
  await saveBytes(await publicationPath(directory), Buffer.from(text));
}

/** Where to publish, as given or else as before. Throws ConfigError where neither tells. */
export function targetOf(given: BigQueryConfig | undefined, before: Publication | undefined): BigQueryConfig {
  const section = given ?? before?.bigquery;
  if (section !== undefined) return bigQuerySchema.parse(section);
  throw new ConfigError([
    'bigquery.dataset: expected the dataset to load into, got nothing: this output was not published before. Give --bigquery.dataset, or a configuration that has the section bigquery.',
  ]);
}

/** The UTC day on which the manifest was written; today where there is none. */
export async function finishedOn(directory: string): Promise<string> {
  const path = manifestPath(directory);
  let modified: Date | undefined;
  if (await storageFor(path).exists(path)) {
    for await (const entry of storageFor(path).list([path])) modified = entry.modified;
  }
  return (modified ?? new Date()).toISOString().slice(0, 'yyyy-mm-dd'.length);
}
