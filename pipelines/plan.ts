/** The dry run: what a run would do, from footers alone. */
import type { Config, RunConfig } from '../schemas/config.js';
import { CANONICAL_COLUMNS } from '../schemas/config.js';
import { createFilters, type GlobalRule, globalRules } from '../transforms/filter/index.js';
import type { EncoderVersions } from '../transforms/image/encoder.js';
import type { Job } from '../transforms/read/job.js';
import { exampleLimit } from '../transforms/stats/example-plan.js';
import { wantedLists } from '../transforms/tag/listed.js';
import { taggerOf } from '../transforms/tag/stage.js';
import { hasModels } from './find-out.js';
import { emptyVocabularies, prepareJob } from './prepare.js';
import { expectedShardRows } from './shard-rows.js';
import type { SubmissionSummary } from './submission.js';

/** What a run would read, and infer of it. */
export interface InputSummary {
  readonly files: readonly {
    readonly path: string;
    readonly format: string;
    readonly rows: number;
    readonly splits: number;
    readonly bytes: number;
    /** Why the file cannot be read; its rows are not in the sums. */
    readonly problem?: string;
  }[];
  readonly rows: number;
  readonly splits: number;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly canonical?: string }[];
  readonly filters: readonly string[];
  readonly attributes: readonly string[];
  readonly labels: { readonly names: readonly string[]; readonly count: number | 'found at run time' };
  readonly passes: readonly { readonly name: string; readonly why: string }[];
}

export interface PlanSummary extends InputSummary {
  /** Rows a shard, on average. */
  readonly shards: { readonly rows: number };
  /** How images are encoded again, and by which versions; left out: they are written as they were read. */
  readonly images?: Job['config']['output']['images'] & { readonly encoder: EncoderVersions };
  /** What the runner would be sent; the direct runner is sent nothing. */
  readonly submission?: SubmissionSummary;
}

/** What a planned job reads. `passes`: those after the ones that find out what filters and taggers must know. */
export function inputSummary(job: Job, passes: readonly { name: string; why: string }[]): InputSummary {
  const { plan } = job;
  const lists = wantedLists(job.config.labels);
  const { names } = taggerOf(job, emptyVocabularies(job.config));
  return {
    files: [
      ...plan.files.map((f) => ({
        path: f.path,
        format: f.format,
        rows: f.groups.reduce((sum, g) => sum + g.rows, 0),
        splits: f.groups.length,
        bytes: f.bytes,
      })),
      ...plan.problems.map((p) => ({ path: p.file, format: '', rows: p.rows, splits: 0, bytes: 0, problem: p.reason })),
    ],
    rows: plan.rows,
    splits: plan.files.reduce((sum, f) => sum + f.groups.length, 0),
    columns: plan.layouts[0].map(({ name, input, type }) => ({
      name: input,
      type,
      ...((CANONICAL_COLUMNS as readonly string[]).includes(name) ? { canonical: name } : {}),
    })),
    filters: createFilters(job.rules).map((f) => f.name),
    attributes: names.attributes,
    labels: { names: names.labels, count: lists.length > 0 ? 'found at run time' : names.labels.length },
    passes: [...firstPasses(job), ...passes],
  };
}

/** What a filter of this kind must know of a column. */
const SOUGHT: Readonly<Record<GlobalRule['kind'], string>> = {
  fraction: 'the top fraction of',
  unique: 'duplicates of',
  near: 'near duplicates of',
};

function firstPasses(job: Job): { name: string; why: string }[] {
  const lists = wantedLists(job.config.labels).length > 0;
  return [
    ...(hasModels(job) ? [{ name: 'models', why: 'embeddings and images are scored once, for all later passes' }] : []),
    ...(lists ? [{ name: 'labels', why: 'the labels are the strings of a list column' }] : []),
    ...globalRules(job.rules).map((rule) => {
      return {
        name: 'filter',
        why: `${SOUGHT[rule.kind]} ${rule.column} is known only after the whole input was seen`,
      };
    }),
  ];
}

/**
 * Reads only footers, and of a table of BigQuery what it is; a query is run, and the run then finds its result. Throws ConfigError and InputError as the
 * run would.
 */
export async function planBalance(config: Config): Promise<PlanSummary> {
  const job = await prepareJob(config, { look: true });
  exampleLimit(job, taggerOf(job, emptyVocabularies(job.config)).names);
  return {
    ...inputSummary(job, passesOf(job.config)),
    shards: { rows: expectedShardRows(job) },
    ...(job.encoder && { images: { ...job.config.output.images!, encoder: job.encoder } }),
    // Loaded where it is needed: the protocol's messages take longer to load than a plan takes.
    ...(config.runner.name === 'direct'
      ? {}
      : { submission: (await import('./submission.js')).describeBalance(config, job) }),
  };
}

function passesOf(config: RunConfig): { name: string; why: string }[] {
  const passes: { name: string; why: string }[] = [];
  const { fit, patterns } = config.balance;
  const shuffle =
    config.output.shuffle === 'global' ? [{ name: 'shuffle', why: 'rows go to the shard that their hash names' }] : [];
  if (fit === 'online') {
    passes.push({ name: 'online', why: 'weights come from the duals as they are learned; shards are written at once' });
    return [...passes, ...shuffle];
  }
  passes.push({ name: 'count', why: 'bias before and after each filter, and the patterns that the fit needs' });
  if (fit === 'stream')
    passes.push({ name: 'stream', why: 'the duals are learned example by example, then mu is calibrated' });
  if (fit === 'auto')
    passes.push({
      name: 'calibrate',
      why: `only where there are more than ${patterns} distinct patterns, and the fit is on a sample of them`,
    });
  passes.push({ name: 'write', why: 'weights from the final duals, resampling, shards' });
  return [...passes, ...shuffle];
}
