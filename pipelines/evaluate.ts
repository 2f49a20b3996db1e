/** The evaluation of tags: one pass that counts rows by truth and tag; then figures, and the commit. */
import { type Config, configSchema, type RunConfig } from '../schemas/config.js';
import { ConfigError } from '../schemas/errors.js';
import { EVALUATION_VERSION, type Evaluation } from '../schemas/evaluation.js';
import { MANIFEST_VERSION } from '../schemas/manifest.js';
import { didYouMean } from '../schemas/nearest.js';
import { storageFor } from '../storage/index.js';
import type { Job } from '../transforms/read/job.js';
import { loadLosses, unreadableRows } from '../transforms/read/losses.js';
import { CELLS, tagBias, tagFigures, tagSlices } from '../transforms/stats/confusion.js';
import {
  addJudgement,
  emptyJudgement,
  type JudgeConfig,
  type Judgement,
  judgeRows,
  mergeJudged,
  openJudge,
  rowsRead,
  truthName,
} from '../transforms/stats/judge-rows.js';
import { twoSidedZ } from '../transforms/stats/normal.js';
import { createSlices } from '../transforms/stats/slices.js';
import { taggerOf, UNREADABLE } from '../transforms/tag/stage.js';
import { commitRun } from '../transforms/write/commit.js';
import { beginAttempt } from './attempt.js';
import { requireRunnable } from './dataflow.js';
import { findOut } from './find-out.js';
import type { RunContext, RunHooks } from './hooks.js';
import { openPlace } from './output-place.js';
import { requireOwned } from './owner.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { emptyVocabularies, partialOf, prepareRun } from './prepare.js';
import { requireReadable, sawLost } from './readable.js';
import { openRunner } from './runner.js';
import { spreadSplits } from './spread.js';
import { openAttempt } from './staging.js';

/** The column that tells an attribute truly; `value`: what means present, where it holds strings. */
export interface Truth {
  readonly column: string;
  readonly value?: string;
}

export interface EvaluateOptions {
  /** By attribute of the configuration. */
  readonly truth: Readonly<Record<string, Truth>>;
  /** Columns whose values slice the figures, beside the language and `stats.slices`. */
  readonly by: readonly string[];
}

export interface EvaluationResult {
  readonly report: Evaluation;
  readonly directory: string;
  /** Files of the output, relative to the directory. */
  readonly files: readonly string[];
  /** The directory held this run's finished output already; nothing was done. */
  readonly alreadyDone: boolean;
}

const EVALUATION_FILE = 'evaluation.json';

/** The configuration with the truths as attributes of their own, and the slicings; labels and the balance are no part of it. */
function evaluationConfig(
  { runner: _runner, bigquery: _bigquery, nightly: _nightly, ...config }: Config,
  { truth, by }: EvaluateOptions,
): RunConfig {
  const known = Object.keys(config.attributes);
  const issues = Object.keys(truth).flatMap((name) => [
    ...(known.includes(name)
      ? []
      : [`--truth: expected one of the attributes ${known.join(', ')}, got ${name}.${didYouMean(name, known)}`]),
    ...(known.includes(truthName(name))
      ? [`attributes.${truthName(name)}: expected another name, as the truth of ${name} is called so.`]
      : []),
  ]);
  if (Object.keys(truth).length === 0) issues.push('--truth: expected ATTRIBUTE=COLUMN or ATTRIBUTE=COLUMN:VALUE.');
  if (issues.length > 0) throw new ConfigError(issues, 'command line');
  const truths = Object.entries(truth).map(([name, { column, value }]) => [
    truthName(name),
    { column, target: 0.5, ...(value === undefined ? {} : { value }) },
  ]);
  const { slices } = config.stats;
  const has = (key: string, column?: string) =>
    slices.some((rule) => key in rule && (column === undefined || ('value' in rule && rule.value.column === column)));
  return {
    ...config,
    balance: configSchema.shape.balance.parse({}),
    labels: [],
    attributes: { ...config.attributes, ...Object.fromEntries(truths) },
    stats: {
      ...config.stats,
      sets: {},
      predictions: undefined,
      slices: [
        ...(has('language') ? [] : [{ language: { column: 'language', detect: 'missing' as const } }]),
        ...slices,
        ...[...new Set(by)].filter((column) => !has('value', column)).map((column) => ({ value: { column } })),
      ],
    },
  };
}

/** Plans the input and binds attributes, truths and slicings to its columns. Throws ConfigError and InputError as the run would. */
async function prepareEvaluation(config: Config, options: EvaluateOptions, hooks: RunHooks): Promise<Job> {
  const own = evaluationConfig(config, options);
  const known = ['evaluate-tags', options.truth];
  const planned = await prepareRun(own, known, { hooks });
  const tells = planned.columns.some(({ name }) => name === 'text' || name === 'language');
  const asked = config.stats.slices.some((rule) => 'language' in rule);
  const { stats } = planned.config;
  // Where nothing tells the language, and nobody asked for it, there is no such slicing.
  const slices = stats!.slices.filter((rule) => asked || tells || !('language' in rule));
  const job = { ...planned, config: { ...planned.config, stats: { ...stats!, slices } } };
  createSlices(slices, job.columns, taggerOf(job, emptyVocabularies(job.config)).names);
  return job;
}

/** The one pass over the data. */
export function judgePhase(config: JudgeConfig, { plan }: Job): Phase {
  return {
    name: 'judged',
    title: 'compare tags with the truth',
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'judge', config.staging).parDo('judge: count', judgeRows(config), { coder: partialCoder }),
    reduce: mergeJudged(config),
  };
}

/** Counts; again without the rows that only this pass found unreadable, where an earlier phase looked at them. */
async function judge({ staging: first, ...rest }: RunContext, attributes: readonly string[]) {
  const { partial, job, hooks } = rest;
  for (let staging = first; ; ) {
    const run = { ...rest, staging };
    await findOut(run);
    const known = await loadLosses(staging);
    const config = { staging, attributes };
    const bytes = await runPhase(run, judgePhase(config, job));
    const opened = await openJudge(config);
    const judgement = emptyJudgement(opened);
    addJudgement(judgement, bytes, opened.limit);
    await requireReadable(run, judgement);
    if (!sawLost(job, known, judgement)) return { staging, opened, judgement };
    hooks.onLog?.('warn', `${unreadableRows(judgement.unreadable)} rows cannot be read; beginning again without them`);
    staging = await beginAttempt(partial, job, judgement.unreadable);
  }
}

function evaluationOf(
  { run, version, config, plan }: Job,
  truth: EvaluateOptions['truth'],
  { stage, slices }: Awaited<ReturnType<typeof openJudge>>,
  judgement: Judgement,
): Evaluation {
  const { confidence } = config.report;
  const { confusions, drops, unreadable } = judgement;
  const z = twoSidedZ(confidence);
  const dropped: Record<string, number> = {};
  stage.reasons.forEach((reason, i) => {
    if (drops[i + 1]! > 0) dropped[reason] = (dropped[reason] ?? 0) + drops[i + 1]!;
  });
  const problems = plan.problems.reduce((sum, { rows }) => sum + rows, 0);
  const lost = unreadableRows(unreadable) + problems;
  if (lost > 0) dropped[UNREADABLE] = lost;
  const attributes = Object.entries(truth).map(([attribute, told], k) => {
    const figures = tagFigures(confusions.whole.subarray(k * CELLS, (k + 1) * CELLS), z);
    const slicings = slices.map(({ name, by }, s) => {
      const zAll = twoSidedZ(confidence, confusions.slicings[s]!.size);
      return { name, by, slices: tagSlices(confusions, s, k, z, zAll) };
    });
    return { attribute, truth: told, ...figures, bias: tagBias(figures, z), slicings };
  });
  const rows = { read: rowsRead(judgement) + problems, kept: drops[0]!, dropped };
  return { version: EVALUATION_VERSION, m4Balance: version, run, confidence, rows, attributes };
}

/**
 * Compares the tags of the rows that pass the filters with columns that tell the truth, and publishes evaluation.json under
 * `output.directory`. Interrupted, the same call goes on. Throws ConfigError, InputError, or the signal's reason.
 */
export async function evaluateTags(
  config: Config,
  options: EvaluateOptions,
  hooks: RunHooks = {},
): Promise<EvaluationResult> {
  requireRunnable(config);
  const { directory } = config.output;
  const partial = partialOf(directory);
  const job = await prepareEvaluation(config, options, hooks);
  const place = await openPlace<Evaluation>(partial, config.output, job.run);
  if ('finished' in place) return place.finished;
  const { published } = place;
  const runner = await openRunner(config.runner);
  let judged: Awaited<ReturnType<typeof judge>>;
  try {
    await place.takeBack();
    const staging = await openAttempt(partial, job, hooks);
    judged = await judge({ job, partial, staging, runner, hooks }, Object.keys(options.truth));
  } finally {
    await runner.close();
  }
  const report = evaluationOf(job, options.truth, judged.opened, judged.judgement);
  await requireOwned(partial);
  const { files } = await commitRun({
    staging: judged.staging,
    ...config.output,
    published,
    parts: [{ path: EVALUATION_FILE, kind: 'report', format: 'json', text: `${JSON.stringify(report, null, 2)}\n` }],
    manifest: {
      version: MANIFEST_VERSION,
      run: job.run,
      m4Balance: job.version,
      rows: { ...report.rows, written: 0 },
      certificate: {},
      config: { attributes: config.attributes, filters: config.filters, ...options },
    },
  });
  await storageFor(partial).remove(partial);
  return { report, directory, files: files.map(({ path }) => path), alreadyDone: false };
}
