/** The commit: final names, the small files, the manifest last, then one rename that makes all of it visible. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { InputError, InvariantError } from '../../schemas/errors.js';
import { type Manifest, type ManifestFile, manifestSchema } from '../../schemas/manifest.js';
import { storageFor } from '../../storage/index.js';
import { saveBytes } from '../read/job.js';

/** A file of the run under its temporary name, or small enough to be given as text. */
export type Part = Omit<ManifestFile, 'bytes' | 'sha256'> &
  ({ readonly from: string; readonly bytes: number; readonly sha256: string } | { readonly text: string });

export interface Commit {
  /** Folder with the parts; becomes `directory`. On the same file system as it. */
  readonly staging: string;
  readonly directory: string;
  readonly overwrite: boolean;
  readonly parts: readonly Part[];
  readonly manifest: Omit<Manifest, 'files'>;
}

export const MANIFEST = 'manifest.json';

/** The finished run in a directory, or undefined. Throws InputError where a manifest is there but cannot be read. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const storage = storageFor(directory);
  const path = join(directory, MANIFEST);
  if (!(await storage.exists(path))) return undefined;
  const text = new TextDecoder().decode(await storage.readAll(path));
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InputError('manifest', {
      file: path,
      expected: 'a manifest of m4-balance, version 1',
      got: error instanceof Error ? error.message : String(error),
      hint: 'Move the directory away, or choose another output.directory.',
    });
  }
}

/**
 * Makes the run visible under `directory`, all at once. Safe to repeat after a kill at any point. A finished run of another
 * configuration or input is replaced only with `overwrite`: it is moved aside just before, and removed after.
 * Throws InputError where the directory holds something else, InvariantError where a part is missing.
 */
export async function commitRun(commit: Commit): Promise<Manifest> {
  const { staging, directory } = commit;
  const storage = storageFor(directory);
  const files: ManifestFile[] = [];
  for (const part of commit.parts) files.push(await settle(staging, part));
  const manifest: Manifest = { ...commit.manifest, files };
  await saveBytes(join(staging, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  await removeUnlisted(staging, files);

  await checkReplaceable(commit);
  if ((await storage.listFiles(directory)).length > 0) await storage.publish(directory, `${staging}.replaced`);
  await storage.publish(staging, directory);
  await storage.remove(`${staging}.replaced`);
  return manifest;
}

/** Throws InputError where `directory` holds files that are not a run of ours, or a finished run and no leave to replace it. */
export async function checkReplaceable(run: Pick<Commit, 'directory' | 'overwrite'>): Promise<void> {
  const files = await storageFor(run.directory).listFiles(run.directory);
  if (files.length === 0) return;
  const manifest = await readManifest(run.directory);
  if (manifest !== undefined && run.overwrite) return;
  throw new InputError('output', {
    file: run.directory,
    expected: 'an empty or absent directory',
    got:
      manifest === undefined
        ? `${files.length} files that are not a run of m4-balance`
        : `a finished run (${manifest.run})`,
    hint:
      manifest === undefined
        ? 'Choose another output.directory.'
        : 'Choose another output.directory, or set output.overwrite.',
  });
}

/** A killed run leaves half-written files behind; they are no part of the output. */
async function removeUnlisted(staging: string, files: readonly ManifestFile[]): Promise<void> {
  const storage = storageFor(staging);
  const listed = new Set([MANIFEST, ...files.map((f) => f.path)].map((path) => join(staging, path)));
  for (const { path } of await storage.listFiles(staging)) if (!listed.has(path)) await storage.remove(path);
}

async function settle(staging: string, part: Part): Promise<ManifestFile> {
  const storage = storageFor(staging);
  const path = join(staging, part.path);
  const entry = {
    path: part.path,
    kind: part.kind,
    format: part.format,
    ...(part.rows === undefined ? {} : { rows: part.rows }),
  };
  if ('text' in part) {
    const body = Buffer.from(part.text);
    await saveBytes(path, body);
    return { ...entry, bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
  }
  const from = join(staging, part.from);
  if (await storage.exists(from)) await storage.rename(from, path);
  else if (!(await storage.exists(path))) throw new InvariantError(`commit: part ${from} is missing`);
  return { ...entry, bytes: part.bytes, sha256: part.sha256 };
}
