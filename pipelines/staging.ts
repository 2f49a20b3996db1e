/** The folder beside the output in which a run is made: begun, gone on with, and put right after a kill. */
import { storageFor } from '../storage/index.js';
import { beginJob, dataPath, findJob, type Job } from '../transforms/read/job.js';
import type { RunHooks } from './hooks.js';
import { ownStaging } from './owner.js';

/** A kill between the two renames of a replacement leaves the old output aside: put it back. */
export async function restoreReplaced(staging: string, directory: string): Promise<void> {
  const aside = `${dataPath(staging)}.replaced`;
  const storage = storageFor(directory);
  if ((await storage.listFiles(aside)).length === 0) return;
  if ((await storage.listFiles(directory)).length > 0) await storage.remove(aside);
  else await storage.publish(aside, directory);
}

/** Goes on with what the folder has of this run, or begins it. */
export async function openStaging(staging: string, job: Job, hooks: RunHooks): Promise<void> {
  const begun = await findJob(staging);
  if (begun?.run === job.run) hooks.onLog?.('info', `going on with run ${job.run}`);
  else {
    if (begun !== undefined)
      hooks.onLog?.('warn', `discarding the unfinished run ${begun.run} of another configuration or input`);
    await beginJob(staging, job);
  }
  await ownStaging(staging);
}
