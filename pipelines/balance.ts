/** The balancing run: plan, pass over the data, commit. Each phase leaves its result in the staging folder, so a run goes on where it stopped. */
import type { Config } from '../schemas/config.js';
import { InvariantError } from '../schemas/errors.js';
import type { Manifest } from '../schemas/manifest.js';
import type { Report } from '../schemas/report.js';
import { below, nameBelow, outputPath, storageFor } from '../storage/index.js';
import { dataPath, findJob, type Job } from '../transforms/read/job.js';
import { commitRun } from '../transforms/write/commit.js';
import { removeReplaced } from '../transforms/write/commit-objects.js';
import { checkReplaceable, type Published, readPublished } from '../transforms/write/finished.js';
import { beginAttempt, findAttempt } from './attempt.js';
import { requireRunnable } from './dataflow.js';
import { finish, type Phases } from './finish.js';
import type { RunHooks } from './hooks.js';
import { ownPartial, requireOwned, requireUnowned } from './owner.js';
import { runPasses } from './passes.js';
import { partialOf, prepareJob } from './prepare.js';
import { openRunner } from './runner.js';

export interface RunResult {
  readonly report: Report;
  readonly directory: string;
  /** Files of the output, relative to the directory. */
  readonly files: readonly string[];
  /** The directory held this run's finished output already; nothing was done. */
  readonly alreadyDone: boolean;
}

/**
 * Balances what `config` describes and publishes it under `output.directory`, all at once. Interrupted at any point, the same
 * call goes on from what is finished and ends with the same bytes.
 * Throws ConfigError, InputError, or the signal's reason.
 */
export async function runBalance(config: Config, hooks: RunHooks = {}): Promise<RunResult> {
  requireRunnable(config);
  const { directory } = config.output;
  const partial = partialOf(directory);
  const job = await prepareJob(config);
  const alone = await requireUnowned(partial);
  await restoreReplaced(partial, directory);
  const published = await readPublished(directory);
  if (published.manifest !== undefined) await finishReplacing(partial, directory, published.manifest);
  if (published.manifest?.run === job.run) {
    await storageFor(partial).remove(partial);
    return result(directory, published.manifest);
  }
  await checkReplaceable(config.output);
  const runner = await openRunner(config.runner);
  let phases: Phases;
  try {
    if (alone) await takeBack(partial, job, config.output.directory, published);
    const staging = await openAttempt(partial, job, hooks);
    phases = await runPasses({ job, partial, staging, runner, hooks });
  } finally {
    await runner.close();
  }
  const { feasible, problem, largestRate } = phases.fitted;
  if (feasible === false) {
    hooks.onLog?.(
      'warn',
      `rate ${problem.rate} is not feasible under these tolerances: the largest feasible rate is ${largestRate?.toFixed(6)}; what is violated is in the report`,
    );
  }
  const { parts, report, manifest } = finish(phases);
  await requireOwned(partial);
  const { files } = await commitRun({ staging: phases.staging, ...config.output, published, parts, manifest });
  await storageFor(partial).remove(partial);
  return { report, directory, files: files.map((f) => f.path), alreadyDone: false };
}

async function result(directory: string, { files }: Manifest): Promise<RunResult> {
  const report = files.find((f) => f.kind === 'report');
  if (report === undefined) throw new InvariantError(`the manifest in ${directory} lists no report`);
  const bytes = await storageFor(directory).readAll(outputPath(directory, report.path));
  return {
    report: JSON.parse(new TextDecoder().decode(bytes)) as Report,
    directory,
    files: files.map((f) => f.path),
    alreadyDone: true,
  };
}

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
async function finishReplacing(partial: string, directory: string, manifest: Manifest): Promise<void> {
  const storage = storageFor(directory);
  const staging = await findAttempt(partial);
  if (storage.kind === 'objects' && staging !== undefined) {
    await removeReplaced(storage, staging, directory, manifest);
  }
}

/**
 * On object storage, a kill within a commit leaves copies below the output: those of an attempt that will not be gone on with are removed. Of
 * another machine's they are left to `clean`, since it may be about to publish them.
 */
async function takeBack(partial: string, job: Job, directory: string, { manifest }: Published): Promise<void> {
  const storage = storageFor(directory);
  const staging = await findAttempt(partial);
  if (storage.kind === 'folders' || staging === undefined || (await findJob(staging))?.run === job.run) return;
  const folder = nameBelow(partial, staging);
  if (!manifest?.files.some(({ path }) => path.startsWith(`${folder}/`)))
    await storage.remove(below(directory, folder));
}

/** The attempt that was begun at this job, or a new one. */
async function openAttempt(partial: string, job: Job, hooks: RunHooks): Promise<string> {
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
