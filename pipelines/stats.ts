/** The statistics run: each data set is counted in one pass, and so is what a model predicted; then state, report, commit. */
import { createHash } from 'node:crypto';
import { type Config, configSchema, type RunConfig } from '../schemas/config.js';
import { ConfigError } from '../schemas/errors.js';
import { MANIFEST_VERSION, type Manifest } from '../schemas/manifest.js';
import type { StatsReport } from '../schemas/stats-report.js';
import { STATE_VERSION, type State, type StateModel, type StateSet } from '../schemas/stats-state.js';
import { below, storageFor } from '../storage/index.js';
import type { Job } from '../transforms/read/job.js';
import { loadLosses, unreadableRows } from '../transforms/read/losses.js';
import { columnsOfJob, mergePredicted, predictRows } from '../transforms/stats/predict-rows.js';
import { decodePredictions, encodePredictions } from '../transforms/stats/predictions.js';
import { digest, stateSetOf, toBase64 } from '../transforms/stats/state.js';
import { planStats } from '../transforms/stats/stats-plan.js';
import { addTally, emptyTally } from '../transforms/stats/tally.js';
import { mergeTallies, openStats, tallyRows } from '../transforms/stats/tally-rows.js';
import { taggerOf } from '../transforms/tag/stage.js';
import { commitRun } from '../transforms/write/commit.js';
import { beginAttempt } from './attempt.js';
import { requireRunnable } from './dataflow.js';
import { findOut } from './find-out.js';
import type { RunContext, RunHooks } from './hooks.js';
import type { InputOptions } from './input.js';
import { openPlace } from './output-place.js';
import { requireOwned } from './owner.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { emptyVocabularies, packageVersion, partialOf, prepareRun } from './prepare.js';
import { requireReadable, sawLost } from './readable.js';
import { openRunner } from './runner.js';
import { spreadSplits } from './spread.js';
import { openAttempt } from './staging.js';
import { optionsOf, statsParts } from './stats-output.js';

export interface StatsResult {
  readonly report: StatsReport;
  readonly directory: string;
  /** Files of the output, relative to the directory. */
  readonly files: readonly string[];
  /** The directory held this run's finished output already; nothing was done. */
  readonly alreadyDone: boolean;
}

/** A data set, or a model's predictions, as a job of its own. */
export interface StatsJob {
  readonly kind: 'set' | 'model';
  readonly name: string;
  readonly job: Job;
}

/** `balance` is no part of what `stats` does: its defaults stand for it. */
const unbalanced = configSchema.shape.balance.parse({});

/** Plans every data set, and the predictions. Throws ConfigError and InputError as the run would. */
export async function prepareStats(
  { runner: _runner, bigquery: _bigquery, nightly: _nightly, ...config }: Config,
  how: InputOptions = {},
): Promise<StatsJob[]> {
  const { stats } = config;
  const sets = Object.entries({ [stats.name]: config.input, ...stats.sets });
  if (Object.hasOwn(stats.sets, stats.name)) {
    throw new ConfigError([`stats.sets.${stats.name}: expected another name than stats.name, got the same.`]);
  }
  const jobs: StatsJob[] = [];
  for (const [name, input] of sets) {
    const job = await prepareRun({ ...config, balance: unbalanced, input }, ['stats', name], how);
    planStats(job, taggerOf(job, emptyVocabularies(job.config)).names);
    jobs.push({ kind: 'set', name, job });
  }
  if (stats.predictions !== undefined) {
    const job = await prepareRun(await predictionsConfig({ ...config, balance: unbalanced }), ['model']);
    columnsOfJob(job, Object.keys(job.config.attributes));
    jobs.push({ kind: 'model', name: stats.predictions.name, job });
  }
  return jobs;
}

/** The predictions' files as an input, with the attributes that they tell. */
async function predictionsConfig(config: RunConfig): Promise<RunConfig> {
  const predictions = config.stats!.predictions!;
  const input = { files: predictions.files, columns: 'auto' as const, maximumBad: 0 };
  const attributes = Object.fromEntries(
    Object.entries(config.attributes).flatMap(([name, attribute]) => {
      if (Object.keys(predictions.attributes).length > 0) {
        const given = predictions.attributes[name];
        return given === undefined ? [] : [[name, { ...given, target: attribute.target }]];
      }
      return [
        [
          name,
          'column' in attribute && !('lexicon' in attribute) ? attribute : { column: name, target: attribute.target },
        ],
      ];
    }),
  );
  if (Object.keys(attributes).length === 0) {
    throw new ConfigError([
      'stats.predictions.attributes: expected some of the names of attributes, got none of them.',
    ]);
  }
  return { ...config, input, attributes, labels: [], filters: [], models: {} };
}

/** The hash of all that the run reads and counts. */
export function statsRun(jobs: readonly StatsJob[]): string {
  const hash = createHash('sha256').update(JSON.stringify(jobs.map(({ kind, name, job }) => [kind, name, job.run])));
  return hash.digest('hex').slice(0, 16);
}

/** The one pass over a data set. */
export function tallyPhase(staging: string, { name, job }: StatsJob): Phase {
  return {
    name: 'tally',
    title: `count ${name}`,
    rows: job.plan.rows,
    build: (root) =>
      spreadSplits(root, 'stats', staging).parDo('stats: count', tallyRows(staging), { coder: partialCoder }),
    reduce: mergeTallies(staging),
  };
}

/** The one pass over predictions. */
export function predictPhase(staging: string, { name, job }: StatsJob): Phase {
  return {
    name: 'predictions',
    title: `count ${name}`,
    rows: job.plan.rows,
    build: (root) =>
      spreadSplits(root, 'predictions', staging).parDo('predictions: count', predictRows(staging), {
        coder: partialCoder,
      }),
    reduce: mergePredicted(Object.keys(job.config.attributes).length),
  };
}

/** Where a data set or a model has its part of the run. */
export function stagingOfJob(staging: string, { kind, name }: Pick<StatsJob, 'kind' | 'name'>): string {
  return below(staging, kind, name);
}

/** Counts a data set; again without the rows that only the pass found unreadable, where an earlier phase looked at them. */
async function countSet({ staging: first, ...rest }: RunContext, set: StatsJob): Promise<StateSet> {
  const { partial, job, hooks } = rest;
  for (let staging = first; ; ) {
    const run = { ...rest, staging };
    await findOut(run);
    const known = await loadLosses(staging);
    const bytes = await runPhase(run, tallyPhase(staging, set));
    const { stage, plan, shape } = await openStats(staging);
    const tally = emptyTally(shape);
    addTally(tally, bytes);
    await requireReadable(run, tally);
    if (!sawLost(job, known, tally)) return stateSetOf(set.name, stage, plan, tally);
    hooks.onLog?.('warn', `${unreadableRows(tally.unreadable)} rows cannot be read; beginning again without them`);
    staging = await beginAttempt(partial, job, tally.unreadable);
  }
}

async function countModel(run: RunContext, model: StatsJob): Promise<StateModel> {
  const bytes = await runPhase(run, predictPhase(run.staging, model));
  const { config, columns, plan, lexicons } = model.job;
  const names = Object.keys(config.attributes);
  const { scores, predicted } = columnsOfJob({ config, columns }, names);
  const predictions = decodePredictions(bytes, names.length);
  return {
    name: model.name,
    identity: {
      attributes: JSON.stringify(config.attributes),
      lexicons: digest(lexicons),
      scores: JSON.stringify(scores),
      predicted: JSON.stringify(predicted),
    },
    predicts: scores.length > 0 ? 'scores' : 'labels',
    attributes: names.map((name) => ({ name, target: config.attributes[name].target })),
    files: plan.files.map((f) => digest([f.path, f.bytes, f.modified])).sort(),
    predictions: toBase64(encodePredictions(predictions)),
  };
}

/** The configuration as it is told: what was counted, without inputs and outputs. */
function toldConfig({ attributes, labels, filters, report, stats }: Config): Record<string, unknown> {
  const { sets: _sets, predictions, ...counted } = stats;
  const { files: _files, ...model } = predictions ?? { files: '' };
  return {
    attributes,
    labels,
    filters,
    report,
    stats: predictions === undefined ? counted : { ...counted, predictions: model },
  };
}

/**
 * Counts what `config` describes and publishes it under `output.directory`, all at once. Interrupted at any point, the same call goes on
 * from what is finished and ends with the same bytes. Throws ConfigError, InputError, or the signal's reason.
 */
export async function runStats(config: Config, hooks: RunHooks = {}): Promise<StatsResult> {
  requireRunnable(config);
  const { directory } = config.output;
  const partial = partialOf(directory);
  const jobs = await prepareStats(config, { hooks });
  const run = statsRun(jobs);
  const place = await openPlace<StatsReport>(partial, config.output, run);
  if ('finished' in place) return place.finished;
  const { published } = place;
  const runner = await openRunner(config.runner);
  const sets: StateSet[] = [];
  const models: StateModel[] = [];
  let staging: string;
  try {
    await place.takeBack();
    staging = await openAttempt(partial, { ...jobs[0].job, run }, hooks);
    for (const part of jobs) {
      const { job } = part;
      // A part has attempts of its own, in its folder of the run's.
      const own = stagingOfJob(staging, part);
      const context = { job, partial: own, staging: await openAttempt(own, job, {}), runner, hooks };
      if (part.kind === 'set') sets.push(await countSet(context, part));
      else models.push(await countModel(context, part));
    }
  } finally {
    await runner.close();
  }
  const state: State = {
    version: STATE_VERSION,
    kind: 'm4-balance state',
    source: 'stats',
    runs: [run],
    m4Balance: packageVersion(),
    sets,
    models,
    options: optionsOf(config),
    config: toldConfig(config),
  };
  const { report, parts } = statsParts(state);
  await requireOwned(partial);
  const { files } = await commitRun({
    staging,
    ...config.output,
    published,
    parts,
    manifest: manifestOf(run, report, toldConfig(config)),
  });
  await storageFor(partial).remove(partial);
  return { report, directory, files: files.map((file) => file.path), alreadyDone: false };
}

/** Of all data sets together; statistics write no rows and have no certificate. */
export function manifestOf(run: string, report: StatsReport, config: Record<string, unknown>): Omit<Manifest, 'files'> {
  const total = (of: (rows: StatsReport['sets'][number]['rows']) => number) =>
    report.sets.reduce((sum, { rows }) => sum + of(rows), 0);
  const dropped: Record<string, number> = {};
  for (const { rows } of report.sets) {
    for (const [reason, n] of Object.entries(rows.dropped)) dropped[reason] = (dropped[reason] ?? 0) + n;
  }
  return {
    version: MANIFEST_VERSION,
    run,
    m4Balance: report.versions['m4-balance'],
    rows: { read: total((rows) => rows.read), kept: total((rows) => rows.kept), written: 0, dropped },
    certificate: {},
    config,
  };
}
