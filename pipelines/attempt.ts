/**
 * An attempt at a run has a folder of its own below `<output>.partial`. Workers of one that was given up may still be at work on an
 * engine: what they leave late must not be taken for what the next attempt finds out, which is named alike.
 */
import { randomUUID } from 'node:crypto';
import { below, storageFor } from '../storage/index.js';
import { beginJob, type Job, saveBytes } from '../transforms/read/job.js';
import { saveLosses, type Unreadable } from '../transforms/read/losses.js';
import { ATTEMPT_NAME } from '../transforms/write/finished.js';
import { emptyPartial, ownPartial } from './owner.js';

/** The file that has the name of the attempt that counts, in the folder of all. */
const CURRENT = 'attempt';
const RANDOM_DIGITS = 8;

/** Empties the folder for a new attempt, by this process, which counts once `fill` has been there. Returns its staging folder. */
async function begin(partial: string, run: string, fill: (staging: string) => Promise<void>): Promise<string> {
  await ownPartial(partial);
  await emptyPartial(partial);
  const name = `${run}-${randomUUID().slice(0, RANDOM_DIGITS)}`;
  const staging = below(partial, name);
  await fill(staging);
  await saveBytes(below(partial, CURRENT), Buffer.from(name));
  return staging;
}

/**
 * Empties the folder for a new attempt at this job, by this process. Returns the attempt's staging folder.
 * @param losses rows that an earlier attempt could not read
 */
export function beginAttempt(partial: string, job: Job, losses: readonly Unreadable[] = []): Promise<string> {
  return begin(partial, job.run, async (staging) => {
    await beginJob(staging, job);
    if (losses.length > 0) await saveLosses(staging, losses);
  });
}

/** As `beginAttempt`, for a run without a job: it only commits. */
export function beginCommit(partial: string, run: string): Promise<string> {
  return begin(partial, run, async () => undefined);
}

/** The staging folder of the attempt that was begun last, whoever did; undefined where there is none. */
export async function findAttempt(partial: string): Promise<string | undefined> {
  const path = below(partial, CURRENT);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return undefined;
  const name = new TextDecoder().decode(await storage.readAll(path));
  return ATTEMPT_NAME.test(name) ? below(partial, name) : undefined;
}
