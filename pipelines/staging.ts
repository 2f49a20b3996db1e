/** The attempt at a run in the folder beside its output: begun, gone on with, and put right after a kill. */
import { storageFor } from '../storage/index.js';
import { dataPath, findJob, type Job } from '../transforms/read/job.js';
import { beginAttempt, findAttempt } from './attempt.js';
import type { RunHooks } from './hooks.js';
import { ownPartial } from './owner.js';

/** A kill between the two renames of a replacement leaves the old output aside: put it back. */
export async function restoreReplaced(partial: string, directory: string): Promise<void> {
  const staging = await findAttempt(partial);
  if (staging === undefined) return;
  const aside = `${dataPath(staging)}.replaced`;
  const storage = storageFor(directory);
  if ((await storage.listFiles(aside)).length === 0) return;
  if ((await storage.listFiles(directory)).length > 0) await storage.remove(aside);
  else await storage.publish(aside, directory);
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
