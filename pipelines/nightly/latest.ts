/** latest.json and what it leads to: read, checked, and switched. */
import * as z from 'zod';
import { InputError } from '../../schemas/errors.js';
import { LATEST_VERSION, type Latest, type Ledger, latestSchema, ledgerSchema } from '../../schemas/nightly.js';
import { below, nameBelow, storageFor } from '../../storage/index.js';
import { readVersioned } from '../../storage/versioned.js';
import { saveBytes } from '../../transforms/read/job.js';
import { manifestPath, readPublished } from '../../transforms/write/finished.js';
import type { Held } from './lock.js';

const LATEST = 'latest.json';
export const RUNS = 'runs';
/** Switches that latest.json remembers. */
const MAXIMUM_HISTORY = 1000;

export const latestPath = (root: string) => below(root, LATEST);
export const runFolder = (root: string, run: string) => below(root, RUNS, run);

/** A JSON file of ours. Throws InputError where it is none. */
export async function readJson<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  return parseJson(await storageFor(path).readAll(path), path, schema, what);
}

function parseJson<T>(bytes: Uint8Array, path: string, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    const got = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    const expected = `${what} of this version of m4-balance`;
    throw new InputError(what, { file: path, expected, got: got.replaceAll(/\s+/g, ' ').slice(0, 300) });
  }
}

/** What is in use when a run begins; the run replaces this and nothing else. */
export interface InUse {
  /** undefined: nothing was ever published. */
  readonly latest: Latest | undefined;
  /** Of latest.json, on object storage. */
  readonly version: string | undefined;
}

export async function readLatest(root: string): Promise<InUse> {
  const path = latestPath(root);
  const { bytes, version } = await readVersioned(path);
  return { latest: bytes && parseJson(bytes, path, latestSchema, 'latest.json'), version };
}

/** Paths of a finished run, relative to the root. Throws InputError where the folder holds no finished run of nightly. */
export async function runPaths(root: string, run: string): Promise<Pick<Latest, 'manifest' | 'ledger' | 'set'>> {
  const folder = runFolder(root, run);
  const { manifest } = await readPublished(folder);
  const [ledger, set] = (['ledger', 'set'] as const).map((kind) => manifest?.files.find((file) => file.kind === kind));
  if (manifest === undefined || ledger === undefined || set === undefined) {
    throw new InputError('run', { file: folder, expected: 'a finished run of nightly', got: 'none' });
  }
  const path = (name: string) => nameBelow(root, below(folder, ...name.split('/')));
  return { manifest: nameBelow(root, manifestPath(folder)), ledger: path(ledger.path), set: path(set.path) };
}

export async function readLedger(root: string, run: string): Promise<Ledger> {
  const { ledger } = await runPaths(root, run);
  return readJson(below(root, ...ledger.split('/')), ledgerSchema, 'ledger.json');
}

/**
 * The switch: from here on the run is in use. Throws LockedError where another has taken the lock, ChangedError where another has
 * switched since (on object storage, whose condition decides; on a disk the lock does).
 */
export async function switchTo(
  root: string,
  { run, at, kind }: { readonly run: string; readonly at: Date; readonly kind: 'publish' | 'rollback' },
  { latest, version }: InUse,
  lock: Held,
): Promise<Latest> {
  const history = latest?.history ?? [];
  const number = (history.at(-1)?.number ?? 0) + 1;
  const next: Latest = {
    version: LATEST_VERSION,
    kind: 'm4-balance latest',
    run,
    ...(await runPaths(root, run)),
    history: [...history, { number, run, at: at.toISOString(), kind }].slice(-MAXIMUM_HISTORY),
  };
  const bytes = Buffer.from(`${JSON.stringify(next, null, 2)}\n`);
  const path = latestPath(root);
  const storage = storageFor(path);
  await lock.require();
  if (storage.kind === 'objects') await storage.replace(path, bytes, version);
  else await saveBytes(path, bytes);
  return next;
}
