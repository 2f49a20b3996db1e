/** The attempt at a run in the folder beside its output: begun, gone on with, and put right after a kill. */
import { below, nameBelow, storageFor } from '../storage/index.js';
import { dataPath, findJob, type Job } from '../transforms/read/job.js';
import { removeReplaced } from '../transforms/write/commit-objects.js';
import type { Published } from '../transforms/write/finished.js';
import { beginAttempt, findAttempt } from './attempt.js';
import type { RunHooks } from './hooks.js';
import { ownPartial } from './owner.js';

/** In a file system, a kill between the two renames of a replacement leaves the old output aside: put it back. */
export async function restoreReplaced(partial: string, directory: string): Promise<void> {
  const storage = storageFor(directory);
  if (storage.kind === 'objects') return;
  const staging = await findAttempt(partial);
  if (staging === undefined) return;
  const aside = `${dataPath(staging)}.replaced`;
  if ((await storage.listFiles(aside)).length === 0) return;
  if ((await storage.listFiles(directory)).length > 0) await storage.remove(aside);
  else await storage.publish(aside, directory);
}

/** On object storage, a kill after the switch leaves files of the old output: remove them. */
export async function finishReplacing(partial: string, directory: string, { manifest }: Published): Promise<void> {
  const storage = storageFor(directory);
  const staging = await findAttempt(partial);
  if (storage.kind === 'objects' && staging !== undefined && manifest !== undefined) {
    await removeReplaced(storage, staging, directory, manifest);
  }
}

/**
 * On object storage, a kill within a commit leaves copies below the output: those of an attempt that will not be gone on with are removed. Of
 * another machine's they are left to `clean`, since it may be about to publish them.
 */
export async function takeBack(
  partial: string,
  run: string,
  directory: string,
  { manifest }: Published,
): Promise<void> {
  const storage = storageFor(directory);
  const staging = await findAttempt(partial);
  if (storage.kind === 'folders' || staging === undefined || (await findJob(staging))?.run === run) return;
  const folder = nameBelow(partial, staging);
  if (!manifest?.files.some(({ path }) => path.startsWith(`${folder}/`)))
    await storage.remove(below(directory, folder));
}

/** The attempt that was begun at this job, or a new one. Returns its staging folder. */
export async function openAttempt(partial: string, job: Job, hooks: RunHooks): Promise<string> {
  const staging = await findAttempt(partial);
  const begun = staging === undefined ? undefined : await findJob(staging);
  if (staging !== undefined && begun?.run === job.run) {
    hooks.onLog?.('info', `going on with run ${job.run}`);
    await ownPartial(partial);
    return staging;
  }
  if (begun !== undefined)
    hooks.onLog?.('warn', `discarding the unfinished run ${begun.run} of another configuration or input`);
  return beginAttempt(partial, job);
}
