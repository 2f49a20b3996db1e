/** The balancing run: plan, pass over the data, commit. Each phase leaves its result in the staging folder, so a run goes on where it stopped. */
import { join } from 'node:path';
import type { Config } from '../schemas/config.js';
import type { Report } from '../schemas/report.js';
import { storageFor } from '../storage/index.js';
import { dataPath } from '../transforms/read/job.js';
import { checkReplaceable, commitRun, readManifest } from '../transforms/write/commit.js';
import { requireRunnable } from './dataflow.js';
import { finish, type Phases } from './finish.js';
import type { RunHooks } from './hooks.js';
import { requireUnowned } from './owner.js';
import { runPasses } from './passes.js';
import { partialOf, prepareJob } from './prepare.js';
import { openRunner } from './runner.js';
import { openAttempt, restoreReplaced } from './staging.js';

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
  const job = await prepareJob(config, { hooks });
  await requireUnowned(partial);
  await restoreReplaced(partial, directory);
  const finished = await readManifest(directory);
  if (finished?.run === job.run) {
    await storageFor(partial).remove(partial);
    return result(directory, true);
  }
  await checkReplaceable(config.output);
  const runner = await openRunner(config.runner);
  let phases: Phases;
  try {
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
  await commitRun({ staging: dataPath(phases.staging), ...config.output, parts, manifest });
  await storageFor(partial).remove(partial);
  return { report, directory, files: parts.map((p) => p.path), alreadyDone: false };
}

async function result(directory: string, alreadyDone: boolean): Promise<RunResult> {
  const storage = storageFor(directory);
  const manifest = await readManifest(directory);
  const report = JSON.parse(new TextDecoder().decode(await storage.readAll(join(directory, 'report.json')))) as Report;
  return { report, directory, files: manifest?.files.map((f) => f.path) ?? [], alreadyDone };
}
