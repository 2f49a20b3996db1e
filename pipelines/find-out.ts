/** The phases before the count: what filters and taggers must know of the whole input. */
import { storageFor } from '../storage/index.js';
import { rankOf, refine, wholeRange } from '../transforms/filter/fraction.js';
import { type GlobalRule, globalRules } from '../transforms/filter/index.js';
import {
  decodeScores,
  duplicatesOf,
  mergeDuplicates,
  mergeScores,
  scores,
  spillIds,
} from '../transforms/filter/resolve.js';
import { saveBytes, workPath } from '../transforms/read/job.js';
import { combineListed, listedLabels, mergeListed, wantedLists } from '../transforms/tag/listed.js';
import { resolutionName, VOCABULARY } from '../transforms/tag/stage.js';
import type { RunContext } from './hooks.js';
import { partialCoder, runPhase } from './phase.js';
import { spreadSplits } from './spread.js';

/** Leaves the vocabulary and one result for each global filter in the staging folder. */
export async function findOut(context: RunContext): Promise<void> {
  const { staging, job } = context;
  const rows = job.plan.rows;
  if (wantedLists(job.config.labels).length > 0) {
    await runPhase(context, {
      name: VOCABULARY,
      title: 'find the labels',
      rows,
      build: (root) =>
        spreadSplits(root, 'labels', staging).parDo('labels: count', listedLabels(staging), { coder: partialCoder }),
      combine: combineListed(staging),
      reduce: mergeListed(staging),
    });
  }
  for (const rule of globalRules(job.rules)) {
    if (rule.kind === 'fraction') await findThreshold(context, rule);
    else await findDuplicateRows(context, rule);
  }
}

/** Radix selection: two passes for float32 scores, at most four for float64, each over one column and those of earlier filters. */
async function findThreshold(
  context: RunContext,
  { rule, column, fraction }: Extract<GlobalRule, { kind: 'fraction' }>,
): Promise<void> {
  const { staging, job, hooks } = context;
  const path = workPath(staging, resolutionName(rule));
  if (await storageFor(path).exists(path)) return;
  const type = job.columns.find((c) => c.name === column)?.type ?? '';
  let range = wholeRange([type]);
  let rank: number | undefined;
  let above = 0;
  for (let pass = 1; ; pass++) {
    const config = { staging, rule, column, range };
    const bytes = await runPhase(context, {
      name: `${resolutionName(rule)}-scores-${pass}`,
      title: `find the top ${fraction * 100} % of ${column}`,
      rows: job.plan.rows,
      build: (root) =>
        spreadSplits(root, 'scores', staging).parDo('scores: count', scores(config), { coder: partialCoder }),
      reduce: mergeScores(range),
    });
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

async function findDuplicateRows(
  context: RunContext,
  { rule, column }: Extract<GlobalRule, { kind: 'unique' }>,
): Promise<void> {
  const { staging, job } = context;
  await runPhase(context, {
    name: resolutionName(rule),
    title: `find duplicates of ${column}`,
    rows: job.plan.rows,
    build: (root) =>
      spreadSplits(root, 'ids', staging).parDo('ids: spill', spillIds({ staging, rule, column }), {
        coder: partialCoder,
      }),
    combine: duplicatesOf({}),
    reduce: mergeDuplicates({}),
  });
  await storageFor(staging).remove(workPath(staging, `ids-${rule}`));
}
