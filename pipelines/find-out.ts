/** The phases before the count: what filters and taggers must know of the whole input. */
import { storageFor } from '../storage/index.js';
import { rankOf, refine, type ScoreRange, wholeRange } from '../transforms/filter/fraction.js';
import { type GlobalRule, globalRules } from '../transforms/filter/index.js';
import { partsFor } from '../transforms/filter/near.js';
import { nearOf, spilledCoder, spillNear } from '../transforms/filter/near-resolve.js';
import {
  decodeScores,
  duplicatesOf,
  mergeDuplicates,
  mergeScores,
  scores,
  spillFolder,
  spillIds,
} from '../transforms/filter/resolve.js';
import { decodeScoreFiles, SCORES } from '../transforms/model/score-files.js';
import { mergeScored, score } from '../transforms/model/scores.js';
import { type Job, saveBytes, workPath } from '../transforms/read/job.js';
import { loadLosses, saveLosses, type Unreadable, unreadableRows } from '../transforms/read/losses.js';
import { splitsOf } from '../transforms/read/plan.js';
import { combineListed, listedLabels, mergeListed, wantedLists } from '../transforms/tag/listed.js';
import { resolutionName, VOCABULARY } from '../transforms/tag/stage.js';
import type { RunContext } from './hooks.js';
import { type Phase, partialCoder, runPhase } from './phase.js';
import { requireReadable } from './readable.js';
import { spreadSplits } from './spread.js';

/** Leaves the vocabulary and one result for each global filter in the staging folder. */
export async function findOut(context: RunContext): Promise<void> {
  const { staging, job } = context;
  if (hasModels(job)) await scoreRows(context);
  if (wantedLists(job.config.labels).length > 0) {
    await runPhase(context, labelsPhase(staging, job));
  }
  for (const rule of globalRules(job.rules)) {
    if (rule.kind === 'fraction') await findThreshold(context, rule);
    else await findRepeats(context, rule);
  }
}

/** Scores by models, and takes rows that cannot be scored for want of a file from all later passes. Throws InputError where they are too many. */
async function scoreRows(context: RunContext): Promise<void> {
  const { staging, job, hooks } = context;
  const { models, unreadable } = decodeScoreFiles(await runPhase(context, modelsPhase(staging, job)));
  const known = await loadLosses(staging);
  const before = new Set(known.map(({ firstRow }) => firstRow));
  const lost = unreadable.filter(({ firstRow }) => !before.has(firstRow));
  if (lost.length > 0) {
    // A loss reaches to the end of its split.
    const within = (a: Unreadable, b: Unreadable) => a.firstRow >= b.firstRow && a.firstRow < b.firstRow + b.rows;
    const losses = [...known.filter((one) => !lost.some((other) => within(one, other))), ...lost];
    await requireReadable(context, { unreadable: losses });
    await saveLosses(staging, losses);
    hooks.onLog?.('warn', `${unreadableRows(lost)} rows cannot be scored: ${lost[0]!.reason}`);
  }
  for (const [name, { rows, without }] of Object.entries(models)) {
    const reasons = Object.entries(without).sort(([a], [b]) => (a < b ? -1 : 1));
    const missing = reasons.reduce((sum, [, n]) => sum + n, 0);
    const why = reasons.map(([reason, n]) => `${n} ${reason}`).join(', ');
    hooks.onLog?.('info', `model ${name}: ${rows - missing} of ${rows} rows have scores${why && `; ${why}`}`);
  }
}

export function hasModels({ models = [] }: Pick<Job, 'models'>): boolean {
  return models.length > 0;
}

/** Scores embeddings and images. */
export function modelsPhase(staging: string, { plan }: Job): Phase {
  return {
    name: SCORES,
    title: 'score by models',
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'models', staging).parDo('models: score', score(staging), { coder: partialCoder }),
    reduce: mergeScored({}),
  };
}

/** Counts the strings of the list columns. */
export function labelsPhase(staging: string, { plan }: Job): Phase {
  return {
    name: VOCABULARY,
    title: 'find the labels',
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'labels', staging).parDo('labels: count', listedLabels(staging), { coder: partialCoder }),
    combine: combineListed(staging),
    reduce: mergeListed(staging),
  };
}

type FractionRule = Extract<GlobalRule, { kind: 'fraction' }>;
type UniqueRule = Extract<GlobalRule, { kind: 'unique' }>;
type NearDuplicateRule = Extract<GlobalRule, { kind: 'near' }>;

/** The range of scores that the first pass looks at. */
export function firstRange(job: Job, { column }: FractionRule): ScoreRange {
  return wholeRange([job.columns.find((c) => c.name === column)?.type ?? '']);
}

/** Counts the scores of a column in a range, finer in each pass. */
export function scoresPhase(
  staging: string,
  { plan }: Job,
  { rule, column, fraction }: FractionRule,
  pass: number,
  range: ScoreRange,
): Phase {
  return {
    name: `${resolutionName(rule)}-scores-${pass}`,
    title: `find the top ${fraction * 100} % of ${column}`,
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'scores', staging).parDo('scores: count', scores({ staging, rule, column, range }), {
        coder: partialCoder,
      }),
    reduce: mergeScores(range),
  };
}

/** Finds the rows whose id came before. */
function duplicatesPhase(staging: string, { plan }: Job, { rule, column }: UniqueRule): Phase {
  return {
    name: resolutionName(rule),
    title: `find duplicates of ${column}`,
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'ids', staging).parDo('ids: spill', spillIds({ staging, rule, column }), {
        coder: partialCoder,
      }),
    combine: duplicatesOf({}),
    reduce: mergeDuplicates({}),
  };
}

/** Finds the rows whose caption is near one that came before. */
function nearPhase(staging: string, { plan }: Job, { rule, column, similarity, shingle }: NearDuplicateRule): Phase {
  const near = { staging, rule, column, near: { similarity, shingle }, parts: partsFor(plan.rows) };
  return {
    name: resolutionName(rule),
    title: `find near duplicates of ${column}`,
    rows: plan.rows,
    build: (root) =>
      spreadSplits(root, 'near', staging)
        .parDo('near: spill', spillNear(near), { coder: spilledCoder })
        .parDo('near: find', nearOf({ column, similarity, splits: [...splitsOf(plan)].length }), {
          coder: partialCoder,
        }),
    reduce: mergeDuplicates({}),
  };
}

/** Finds the rows that repeat an earlier one. */
export function repeatsPhase(staging: string, job: Job, global: UniqueRule | NearDuplicateRule): Phase {
  return global.kind === 'unique' ? duplicatesPhase(staging, job, global) : nearPhase(staging, job, global);
}

/** Radix selection: two passes for float32 scores, at most four for float64, each over one column and those of earlier filters. */
async function findThreshold(context: RunContext, global: FractionRule): Promise<void> {
  const { staging, job, hooks } = context;
  const { rule, column, fraction } = global;
  const path = workPath(staging, resolutionName(rule));
  if (await storageFor(path).exists(path)) return;
  let range = firstRange(job, global);
  let rank: number | undefined;
  let above = 0;
  for (let pass = 1; ; pass++) {
    const bytes = await runPhase(context, scoresPhase(staging, job, global, pass, range));
    const histogram = decodeScores(bytes);
    rank ??= rankOf(fraction, histogram);
    const refined = refine(histogram, rank, above);
    if (refined.done) {
      const { threshold, asked, kept, ties } = refined;
      hooks.onLog?.(
        'info',
        `${column}: the top ${fraction * 100} % are the ${asked} rows from ${threshold}; with ties, ${kept} are kept (${ties} rows have exactly this score)`,
      );
      await saveBytes(path, new Uint8Array(Float64Array.of(threshold).buffer));
      return;
    }
    ({ range, rank, above } = refined);
  }
}

async function findRepeats(context: RunContext, global: UniqueRule | NearDuplicateRule): Promise<void> {
  const { staging, job } = context;
  await runPhase(context, repeatsPhase(staging, job, global));
  await storageFor(staging).remove(spillFolder(staging, global.rule));
}
