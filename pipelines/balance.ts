/** The balancing run: plan, find out, count, fit, write, commit. Each phase leaves its result in the staging folder, so a run goes on where it stopped. */
import { join } from 'node:path';
import { bytesCoder, impulse, type Root } from '../beam/index.js';
import type { Config } from '../schemas/config.js';
import { InputError } from '../schemas/errors.js';
import type { Report } from '../schemas/report.js';
import { storageFor } from '../storage/index.js';
import { dataPath, findJob, type Job, saveBytes, saveJob, workPath } from '../transforms/read/job.js';
import { splitCoder, splits } from '../transforms/read/splits.js';
import { count, mergeAllCounts } from '../transforms/stats/count.js';
import { decodeCounts, unreadableRows } from '../transforms/stats/counts.js';
import { openStage } from '../transforms/tag/stage.js';
import { checkReplaceable, commitRun, readManifest } from '../transforms/write/commit.js';
import { mergeAllWritten, type UnitsConfig, unitCoder, units, write } from '../transforms/write/write.js';
import { decodeWritten } from '../transforms/write/written.js';
import { findOut } from './find-out.js';
import { finish, type Phases } from './finish.js';
import { decodeFitted, encodeFitted, type FitContext, fit } from './fit.js';
import type { RunHooks } from './hooks.js';
import { runOnline } from './online.js';
import { runPhase } from './phase.js';
import { prepareJob, stagingOf } from './prepare.js';
import { expectedShardRows } from './shard-rows.js';

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
  const { directory } = config.output;
  const staging = stagingOf(directory);
  const job = await prepareJob(config);
  await restoreReplaced(staging, directory);
  const finished = await readManifest(directory);
  if (finished?.run === job.run) {
    await storageFor(staging).remove(staging);
    return result(directory, true);
  }
  await checkReplaceable(config.output);
  await openStaging(staging, job, hooks);

  await findOut(staging, job, hooks);
  const stage = await openStage(staging);
  const context = { staging, job, names: stage.names, hooks };
  const phases = config.balance.fit === 'online' ? await online(context) : await twoPasses(context);
  const { feasible, problem, largestRate } = phases.fitted;
  if (feasible === false) {
    hooks.onLog?.(
      'warn',
      `rate ${problem.rate} is not feasible under these tolerances: the largest feasible rate is ${largestRate?.toFixed(6)}; what is violated is in the report`,
    );
  }
  const { parts, report, manifest } = finish({ job, stage, ...phases });
  await commitRun({ staging: dataPath(staging), ...config.output, parts, manifest });
  await storageFor(staging).remove(staging);
  return { report, directory, files: parts.map((p) => p.path), alreadyDone: false };
}

type Results = Pick<Phases, 'counts' | 'fitted' | 'written'>;

async function twoPasses(context: FitContext): Promise<Results> {
  const { staging, job, hooks } = context;
  const { rows } = job.plan;
  const counted = await runPhase(
    staging,
    {
      name: 'counts',
      title: 'read, filter, tag, count',
      rows,
      build: (root) => allSplits(root, 'count', staging).parDo('count', count(staging), { coder: bytesCoder }),
      reduce: mergeAllCounts(staging),
    },
    hooks,
  );
  const counts = decodeCounts(counted);
  requireReadable(job, unreadableRows(counts.unreadable));
  const path = workPath(staging, 'fitted');
  if (!(await storageFor(path).exists(path))) {
    hooks.onLog?.('info', 'solving for the duals');
    await saveBytes(path, encodeFitted(await fit(context, counts.patterns)));
  }
  const fitted = decodeFitted(await storageFor(path).readAll(path));
  const { problem, duals } = fitted;
  const wrote = await runPhase(
    staging,
    {
      name: 'written',
      title: 'weight, resample, write',
      rows,
      build: (root) =>
        impulse(root)
          .parDo('write: units', units(unitsOf(job, counts.drops[0], problem.rate)), { coder: unitCoder })
          .parDo('write', write({ staging, problem, duals }), { coder: bytesCoder }),
      reduce: mergeAllWritten(staging),
    },
    hooks,
  );
  return { counts, fitted, written: decodeWritten(wrote) };
}

async function online(context: FitContext): Promise<Results> {
  const { job } = context;
  const rate = Number(job.config.balance.rate);
  const results = await runOnline(context, unitsOf(job, job.plan.rows, rate));
  requireReadable(job, unreadableRows(results.counts.unreadable));
  return results;
}

function allSplits(root: Root, name: string, staging: string) {
  return impulse(root).parDo(`${name}: splits`, splits(staging), { coder: splitCoder });
}

async function result(directory: string, alreadyDone: boolean): Promise<RunResult> {
  const storage = storageFor(directory);
  const manifest = await readManifest(directory);
  const report = JSON.parse(new TextDecoder().decode(await storage.readAll(join(directory, 'report.json')))) as Report;
  return { report, directory, files: manifest?.files.map((f) => f.path) ?? [], alreadyDone };
}

/** A kill between the two renames of a replacement leaves the old output aside: put it back. */
async function restoreReplaced(staging: string, directory: string): Promise<void> {
  const aside = `${dataPath(staging)}.replaced`;
  const storage = storageFor(directory);
  if ((await storage.listFiles(aside)).length === 0) return;
  if ((await storage.listFiles(directory)).length > 0) await storage.remove(aside);
  else await storage.publish(aside, directory);
}

async function openStaging(staging: string, job: Job, hooks: RunHooks): Promise<void> {
  const begun = await findJob(staging);
  if (begun?.run === job.run) hooks.onLog?.('info', `going on with run ${job.run}`);
  else {
    if (begun !== undefined)
      hooks.onLog?.('warn', `discarding the unfinished run ${begun.run} of another configuration or input`);
    await storageFor(staging).remove(staging);
    await saveJob(staging, job);
  }
}

function unitsOf(job: Job, kept: number, rate: number): UnitsConfig {
  const { plan } = job;
  const largest = plan.files.reduce((most, f) => f.groups.reduce((m, g) => Math.max(m, g.rows), most), 1);
  return {
    rows: plan.rows,
    shardRows: expectedShardRows(job),
    keptShare: (kept / Math.max(1, plan.rows)) * rate,
    unitRows: largest,
  };
}

/** Throws InputError where more of the input is unreadable than `input.maximumBad` allows. */
function requireReadable(job: Job, unreadable: number): void {
  const { plan, config } = job;
  const lost = unreadable + plan.problems.reduce((sum, p) => sum + p.rows, 0);
  const files = plan.files.length + plan.problems.length;
  const shares = { rows: lost / Math.max(1, plan.rows + lost - unreadable), files: plan.problems.length / files };
  for (const [what, share] of Object.entries(shares)) {
    if (share <= config.input.maximumBad) continue;
    throw new InputError('input', {
      place: 'input.maximumBad',
      expected: `at most ${config.input.maximumBad * 100} % of the ${what} to be unreadable`,
      got: `${(share * 100).toPrecision(3)} %: ${plan.problems
        .slice(0, 3)
        .map((p) => p.reason)
        .join('; ')}`,
      hint: 'Mend or leave out the files, or raise input.maximumBad.',
    });
  }
}
