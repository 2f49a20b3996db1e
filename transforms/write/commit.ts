/** The commit: final names, the small files, the manifest last. In a file system, one rename makes all of it visible. */
import { InvariantError } from '../../schemas/errors.js';
import type { Manifest, ManifestFile } from '../../schemas/manifest.js';
import { below, type FolderStorage, storageFor } from '../../storage/index.js';
import { dataPath, saveBytes } from '../read/job.js';
import { commitObjects } from './commit-objects.js';
import { type Commit, manifestBytes, manifestFile, type Part, partPath } from './commit-parts.js';
import { checkReplaceable, manifestPath } from './finished.js';

/**
 * Makes the run visible under `directory`, all at once. Safe to repeat after a kill at any point. A finished run of another
 * configuration or input is replaced only with `overwrite`.
 * Throws InputError where the directory holds something else, ChangedError where another run was published there meanwhile (on object
 * storage), InvariantError where a part is missing.
 */
export async function commitRun(commit: Commit): Promise<Manifest> {
  const storage = storageFor(commit.directory);
  return storage.kind === 'objects' ? commitObjects(storage, commit) : commitFolder(storage, commit);
}

/** The parts get their final names where they lie, and their folder becomes the output; the old one is moved aside just before, and removed after. */
async function commitFolder(storage: FolderStorage, commit: Commit): Promise<Manifest> {
  const { directory } = commit;
  const data = dataPath(commit.staging);
  const files: ManifestFile[] = [];
  for (const part of commit.parts) files.push(await settle(storage, data, part));
  const manifest: Manifest = { ...commit.manifest, files };
  await saveBytes(manifestPath(data), manifestBytes(manifest));
  await removeUnlisted(storage, data, files);

  await checkReplaceable(commit);
  if ((await storage.listFiles(directory)).length > 0) await storage.publish(directory, `${data}.replaced`);
  await storage.publish(data, directory);
  await storage.remove(`${data}.replaced`);
  return manifest;
}

/** A killed run leaves half-written files behind; they are no part of the output. */
async function removeUnlisted(storage: FolderStorage, data: string, files: readonly ManifestFile[]): Promise<void> {
  const listed = new Set([manifestPath(data), ...files.map((f) => below(data, f.path))]);
  for (const { path } of await storage.listFiles(data)) if (!listed.has(path)) await storage.remove(path);
}

async function settle(storage: FolderStorage, data: string, part: Part): Promise<ManifestFile> {
  const path = below(data, part.path);
  if ('text' in part) {
    await saveBytes(path, Buffer.from(part.text));
    return manifestFile(part);
  }
  const from = partPath(data, part.from);
  if (await storage.exists(from)) await storage.rename(from, path);
  else if (!(await storage.exists(path))) throw new InvariantError(`commit: part ${from} is missing`);
  return manifestFile(part);
}
