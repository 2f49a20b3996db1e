/** From what the phases found to what is published: conservation checked, the report, the parts under their final names. */
import { reportSchema, statsSchema } from '../schemas/config.js';
import { encodeDuals } from '../schemas/duals.js';
import { InvariantError } from '../schemas/errors.js';
import { MANIFEST_VERSION, type Manifest } from '../schemas/manifest.js';
import type { Moments } from '../schemas/moments.js';
import type { Certificate, Report } from '../schemas/report.js';
import { STATE_VERSION, type State } from '../schemas/stats-state.js';
import { certify } from '../transforms/balance/certificate.js';
import type { Job } from '../transforms/read/job.js';
import { unreadableRows } from '../transforms/read/losses.js';
import { namedAgreements } from '../transforms/stats/agreement.js';
import type { Counts } from '../transforms/stats/counts.js';
import { renderPage } from '../transforms/stats/page/index.js';
import { buildReport } from '../transforms/stats/report.js';
import { balanceStateSet, encodeState } from '../transforms/stats/state.js';
import { type Stage, UNREADABLE } from '../transforms/tag/stage.js';
import type { Part } from '../transforms/write/commit-parts.js';
import { finalReasons } from '../transforms/write/shard.js';
import type { Written } from '../transforms/write/written.js';
import type { Fitted } from './fit.js';
import { shardParts } from './shard-parts.js';
import { optionsOf, PAGE_FILE } from './stats-output.js';
import { trainingParts } from './training-parts.js';

/** Not directly below the output: Hugging Face's `load_dataset` refuses a folder with a `state.json`, which it takes for one of its own. */
const BALANCE_STATE_FILE = 'counts/state.json';

/** What is told of a state by default. */
const TOLD = optionsOf({ report: reportSchema.parse({}), stats: statsSchema.parse({}) });

export interface Phases {
  readonly job: Job;
  /** Folder of the attempt that found it. */
  readonly staging: string;
  readonly stage: Stage;
  readonly counts: Counts;
  readonly fitted: Fitted;
  readonly written: Written;
}

export interface Finished {
  readonly report: Report;
  readonly parts: Part[];
  readonly manifest: Omit<Manifest, 'files'>;
}

/** Throws InvariantError, with the numbers, where rows do not add up between the passes or in total. */
export function finish(phases: Phases): Finished {
  const { job, counts, written } = phases;
  const dropped = conserve(phases);
  const report = reportOf(phases, dropped);
  const { config, run, version } = job;
  const shards = shardParts(job.config.output, written);
  const parts: Part[] = [
    ...shards,
    ...trainingParts(phases, shards, report),
    { path: 'report.json', kind: 'report', format: 'json', text: `${JSON.stringify(report, null, 2)}\n` },
    { path: PAGE_FILE, kind: 'page', format: 'html', text: renderPage(report) },
    {
      path: 'duals.json',
      kind: 'duals',
      format: 'json',
      text: encodeDuals({ ...phases.fitted.duals, gap: report.certificate?.gap ?? 0 }),
    },
  ];
  parts.push({ path: BALANCE_STATE_FILE, kind: 'state', format: 'json', text: encodeState(stateOf(phases)) });
  const dead = deadLetters(job, counts);
  if (dead.length > 0) {
    parts.push({
      path: 'dead-letter.jsonl',
      kind: 'dead-letter',
      format: 'jsonl',
      rows: dead.length,
      text: dead.map((d) => `${JSON.stringify(d)}\n`).join(''),
    });
  }
  const manifest = {
    version: MANIFEST_VERSION as typeof MANIFEST_VERSION,
    run,
    m4Balance: version,
    rows: report.rows,
    certificate: { ...report.certificate },
    ...(job.encoder && { encoder: job.encoder }),
    config: { ...config },
  };
  return { report, parts, manifest };
}

/** Rows dropped, by reason, after checking that both passes saw the same and that nothing is lost. */
export function conserve({ job, stage, counts, written }: Omit<Phases, 'fitted' | 'staging'>): Record<string, number> {
  const { plan } = job;
  const reasons = finalReasons(stage);
  for (let code = 1; code <= stage.reasons.length; code++) {
    if (counts.drops[code] !== written.drops[code]) {
      throw new InvariantError(
        `conservation: "${reasons[code - 1]}" dropped ${counts.drops[code]} rows when counting and ${written.drops[code]} when writing`,
      );
    }
  }
  const unreadable = unreadableRows(written.unreadable);
  const seen = written.drops.reduce((sum, rows) => sum + rows, 0);
  if (seen + unreadable !== plan.rows || unreadable !== unreadableRows(counts.unreadable)) {
    throw new InvariantError(
      `conservation: the plan has ${plan.rows} rows; ${seen} were read and ${unreadable} could not be (${unreadableRows(counts.unreadable)} when counting)`,
    );
  }
  const dropped: Record<string, number> = {};
  reasons.forEach((reason, i) => {
    if (written.drops[i + 1] > 0) dropped[reason] = written.drops[i + 1];
  });
  const lost = unreadable + plan.problems.reduce((sum, p) => sum + p.rows, 0);
  if (lost > 0) dropped[UNREADABLE] = lost;
  return dropped;
}

function reportOf({ job, stage, counts, fitted, written }: Phases, dropped: Record<string, number>): Report {
  const { plan, config, version, encoder } = job;
  const { names } = stage;
  const { minimumSupport, confidence, worst, pairs } = config.report;
  const lost = plan.problems.reduce((sum, p) => sum + p.rows, 0);
  const problems = [
    ...plan.problems.map((p) => ({ file: p.file, rows: p.rows, message: p.reason })),
    ...counts.unreadable.map((u) => ({ file: u.file, rows: u.rows, message: u.reason })),
  ];
  return buildReport({
    read: plan.rows + lost,
    dropped,
    filters: stage.filters.map((f) => f.name),
    exits: counts.exits,
    examples: counts.examples,
    balance: {
      certificate: certificateOf(fitted, written, stage),
      balanced: written.balanced,
      resampled: written.resampled,
      random: written.random,
      weights: written.weights,
    },
    names,
    targets: names.attributes.map((name) => config.attributes[name].target),
    problems: { count: problems.length, list: problems },
    options: { minimumSupport, confidence, worst, pairs },
    ...(names.merged && { agreement: namedAgreements(names.merged, counts.agreements) }),
    rates: fitted.rates,
    ratesSample: fitted.ratesSample,
    config: { ...config },
    versions: { 'm4-balance': version, ...encoder },
  });
}

/** What was counted, so that outputs can be compared. */
function stateOf({ job, stage, counts, written }: Phases): State {
  const { balanced, resampled, random } = written;
  return balanceState({ job, stage, counts }, Object.entries({ balanced, resampled, random }));
}

/** The state of a balancing run, or of a part of one. `stages`: moments after the filters, by name. */
export function balanceState(
  { job, stage, counts }: Pick<Phases, 'job' | 'stage' | 'counts'>,
  stages: readonly (readonly [string, Moments])[],
): State {
  const { minimumSupport, confidence, worst } = job.config.report;
  const { input: _input, output: _output, ...config } = job.config;
  return {
    version: STATE_VERSION,
    kind: 'm4-balance state',
    source: 'balance',
    runs: [job.run],
    m4Balance: job.version,
    sets: [balanceStateSet('data', stage, counts, stages)],
    models: [],
    options: { ...TOLD, minimumSupport, confidence, worst },
    config,
  };
}

function certificateOf(fitted: Fitted, written: Written, stage: Stage): Certificate {
  const { problem, duals, steps, largestRate, feasible } = fitted;
  const certified = certify(written.certificate, duals, problem);
  const { primal, meanWeight, violation, violations } = certified;
  const dual = fitted.dualBound ?? certified.dual;
  const gap = fitted.dualBound === undefined ? certified.gap : primal > 0 ? Math.max(0, primal - dual) / primal : 0;
  return {
    fit: duals.fit,
    steps,
    primal,
    dual,
    gap,
    rate: meanWeight,
    feasible: feasible ?? (violations.length === 0 ? true : null),
    largestFeasibleRate: largestRate,
    violation,
    violated: violations.map((v) => ({
      attribute: stage.names.attributes[v.attribute],
      label: v.label === null ? null : stage.names.labels[v.label],
      violation: v.violation,
    })),
    ...(stage.names.soft !== undefined && {
      rounding: stage.names.soft.map((k) => ({ attribute: stage.names.attributes[k], error: certified.rounding[k] })),
    }),
  };
}

function deadLetters({ plan }: Job, { unreadable }: Counts) {
  return [
    ...plan.problems.map(({ file, rows, reason }) => ({ file, rows, reason })),
    ...unreadable.map(({ file, firstRow, rows, reason }) => ({ file, firstRow, rows, reason })),
  ];
}
