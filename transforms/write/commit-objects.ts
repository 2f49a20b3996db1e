/**
 * The commit on object storage, where folders have no names that could be changed. The parts are copied into a folder of the attempt
 * below the output, which nobody else writes; then manifest.json, which alone tells what the output is, is replaced on condition that it
 * is still what it was when the run began. Last, the files of the run that was replaced are removed. Killed before the manifest, it
 * leaves the last output as it was; whatever is repeated writes the same again.
 */
import { ChangedError, InvariantError } from '../../schemas/errors.js';
import type { Manifest, ManifestFile } from '../../schemas/manifest.js';
import { below, inParallel, type ObjectStorage, outputPath, printable } from '../../storage/index.js';
import { dataPath, saveBytes, workPath } from '../read/job.js';
import { type Commit, manifestBytes, manifestFile, type Part, partPath } from './commit-parts.js';
import { manifestPath, parseManifest, readPublished } from './finished.js';

/** Copies and removals at a time: each is a request of some tens of milliseconds. */
const AT_ONCE = 16;

/** The manifest that is replaced, kept so that its files are removed even by the command after a kill. */
const REPLACED = 'replaced.json';

/** Last segment of the attempt's folder. */
function attemptOf(staging: string): string {
  return staging.slice(staging.lastIndexOf('/') + 1);
}

export async function commitObjects(storage: ObjectStorage, commit: Commit): Promise<Manifest> {
  const { staging, directory, parts, published } = commit;
  const folder = attemptOf(staging);
  const place = below(directory, folder);
  const files = new Array<ManifestFile>(parts.length);
  await inParallel(parts.entries(), AT_ONCE, async ([i, part]) => {
    await settle(storage, staging, place, part);
    files[i] = manifestFile(part, folder);
  });
  const manifest: Manifest = { ...commit.manifest, files };
  if (published.manifest !== undefined) {
    await saveBytes(workPath(staging, REPLACED), manifestBytes(published.manifest));
  }
  await replaceManifest(storage, commit, manifest, folder);
  await removeReplaced(storage, staging, directory, manifest);
  return manifest;
}

async function settle(storage: ObjectStorage, staging: string, place: string, part: Part): Promise<void> {
  const to = outputPath(place, part.path);
  if ('text' in part) {
    await saveBytes(to, Buffer.from(part.text));
    return;
  }
  const from = partPath(dataPath(staging), part.from);
  const bytes = await storage.copy(from, to);
  if (bytes !== part.bytes) throw new InvariantError(`commit: part ${from} has ${bytes} bytes of ${part.bytes}`);
}

/** The switch. Throws ChangedError, and takes back what was copied, where another run was published first. */
async function replaceManifest(
  storage: ObjectStorage,
  { directory, published }: Commit,
  manifest: Manifest,
  folder: string,
): Promise<void> {
  try {
    await storage.replace(manifestPath(directory), manifestBytes(manifest), published.version);
  } catch (error) {
    if (!(error instanceof ChangedError)) throw error;
    const now = (await readPublished(directory)).manifest;
    // Another machine may have gone on with this very attempt: its files are then the output's.
    if (!now?.files.some(({ path }) => path.startsWith(`${folder}/`))) await storage.remove(below(directory, folder));
    throw new ChangedError('output', {
      file: printable(directory),
      expected:
        published.manifest === undefined
          ? 'no finished run, as when this one began'
          : `the run ${published.manifest.run}, as when this one began`,
      got: now === undefined ? 'another manifest.json' : `the run ${now.run}, which was published meanwhile`,
      hint: 'Two runs went into one output.directory, and the other was first. Choose another, or start again with output.overwrite.',
    });
  }
}

/**
 * Removes the files of the run that this attempt has replaced, and only those: what `manifest`, the one that is published, lists stays.
 * Does nothing where the attempt has replaced none, or is not what is published.
 */
export async function removeReplaced(
  storage: ObjectStorage,
  staging: string,
  directory: string,
  manifest: Manifest,
): Promise<void> {
  const path = workPath(staging, REPLACED);
  const folder = attemptOf(staging);
  if (!manifest.files.some((f) => f.path.startsWith(`${folder}/`))) return;
  if (!(await storage.exists(path))) return;
  const old = parseManifest(new TextDecoder().decode(await storage.readAll(path)), path);
  const kept = new Set(manifest.files.map((f) => f.path));
  const gone = old.files.filter((f) => !kept.has(f.path));
  await inParallel(gone, AT_ONCE, (f) => storage.remove(outputPath(directory, f.path)));
}
