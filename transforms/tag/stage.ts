/** What every pass over the examples shares: the reader, the filters, the tagger and the utility of a job, opened on a worker. */
import type { RecordBatch } from 'apache-arrow';
import { gather } from '../../formats/gather.js';
import { InvariantError } from '../../schemas/errors.js';
import type { TagNames, Tags } from '../../schemas/tags.js';
import { storageFor } from '../../storage/index.js';
import { createFilters, type Filter, globalRules, type Resolutions } from '../filter/index.js';
import { attachScores } from '../model/score-files.js';
import { project } from '../read/columns.js';
import { type Job, loadJob, workPath } from '../read/job.js';
import { loadLosses } from '../read/losses.js';
import { createReader, type Reader } from '../read/reader.js';
import { numberColumn } from './column.js';
import { createTagger, type Tagger } from './tagger.js';

/** Reasons of the resampler, after those of the filters. */
export const WEIGHT_ZERO = 'weight 0';
export const SAMPLED_OUT = 'sampled out';
/** Reason of rows that were drawn, whose image could not be decoded or encoded. */
export const NOT_REENCODED = 'image: not re-encoded';
/** Reason of rows whose row group or file could not be decoded; they have no drop code, for they are never seen. */
export const UNREADABLE = 'unreadable';

export interface Stage {
  readonly job: Job;
  readonly names: TagNames;
  readonly filters: readonly Filter[];
  /** Reason i belongs to drop code i + 1: the filters' in order. */
  readonly reasons: readonly string[];
  /** [reasons + 1]: position of the filter at which a row with this code left; number of filters for code 0. */
  readonly exitOfCode: Uint8Array;
  readonly reader: Reader;
  /** [rows] drop codes. `firstRow`: global row number of the batch's first. */
  drop(batch: RecordBatch, firstRow: number): Uint8Array;
  /** Tags of all rows, or of those in `indices` (ascending). */
  tag(batch: RecordBatch, indices?: Uint32Array): Tags;
  /** The batch without the columns of models, which are not the input's. */
  carried(batch: RecordBatch): RecordBatch;
  /** Raw utility of the rows in `indices`, NaN where null; undefined where the configuration names none. */
  utility(batch: RecordBatch, indices: Uint32Array): Float64Array | undefined;
}

export interface StageOptions {
  /** Read all columns of the input, not only those that filters and taggers need. */
  readonly allColumns?: boolean;
  /** Open only the first filters: to find out what the next one needs to know. No tags then. */
  readonly filters?: number;
  /** Only count: batches may then be larger, and columns that only the tagger reads may have a dictionary. */
  readonly counts?: boolean;
  /** Columns to read too, of a job whose tags have these names. */
  readonly columns?: (job: Job, names: TagNames) => readonly string[] | Promise<readonly string[]>;
}

export const VOCABULARY = 'vocabulary';

/** Work file with what was found out for the filter at this position. */
export function resolutionName(rule: number): string {
  return `filter-${rule}`;
}

async function readWork(staging: string, name: string): Promise<Uint8Array | undefined> {
  const path = workPath(staging, name);
  const storage = storageFor(path);
  return (await storage.exists(path)) ? storage.readAll(path) : undefined;
}

async function loadResolutions(staging: string, job: Job, filters: number): Promise<Resolutions> {
  const thresholds: Record<number, number> = {};
  const duplicates: Record<number, Float64Array> = {};
  for (const { rule, kind } of globalRules(job.rules)) {
    if (rule >= filters) continue;
    const bytes = await readWork(staging, resolutionName(rule));
    if (bytes === undefined) throw new InvariantError(`filter ${rule} is not resolved`);
    const values = new Float64Array(new Uint8Array(bytes).buffer);
    if (kind === 'fraction') thresholds[rule] = values[0];
    else duplicates[rule] = values;
  }
  return { thresholds, duplicates };
}

/** The tagger made last in this process: each phase wants it several times, and compiling its lexicons takes long. */
let latest: { readonly key: string; readonly tagger: Tagger } | undefined;

/** The tagger of a job. `vocabularies`: the labels of each list column. Throws ConfigError for columns that are not there or not fit. */
export function taggerOf(job: Omit<Job, 'run'>, vocabularies: Readonly<Record<string, readonly string[]>>): Tagger {
  const { config, columns, lexicons } = job;
  const { languages } = config;
  const key = JSON.stringify([languages, config.attributes, config.labels, columns, vocabularies, lexicons]);
  if (latest?.key !== key) {
    latest = {
      key,
      tagger: createTagger(config.attributes, config.labels, columns, vocabularies, lexicons, languages),
    };
  }
  return latest.tagger;
}

/** Opens the job of a staging folder. Throws InvariantError where an earlier phase has not left what this one needs. */
export async function openStage(staging: string, options: StageOptions = {}): Promise<Stage> {
  const job = await loadJob(staging);
  const { config, plan } = job;
  const open = options.filters ?? job.rules.length;
  const filters = createFilters(job.rules, await loadResolutions(staging, job, open)).slice(0, open);
  for (const filter of filters) await filter.prepare?.();

  const vocabulary = await readWork(staging, VOCABULARY);
  const vocabularies = vocabulary === undefined ? {} : JSON.parse(new TextDecoder().decode(vocabulary));
  const partial = options.filters !== undefined;
  const tagger = partial ? undefined : taggerOf(job, vocabularies);
  await tagger?.prepare();

  const names: TagNames = tagger?.names ?? { attributes: [], labels: [] };
  const tagColumns = tagger?.columns ?? [];
  const utilityColumn = config.balance.utility;
  const others = new Set([
    ...filters.flatMap((f) => [...f.columns, ...(f.optionalColumns ?? [])]),
    ...(partial || utilityColumn === undefined ? [] : [utilityColumn]),
    ...((await options.columns?.(job, names)) ?? []),
  ]);
  const needed = new Set([...others, ...tagColumns]);
  const attached = await attachScores(staging, job, [...needed]);
  const scores = new Set(attached?.fields.map(({ name }) => name));
  const dictionaries = options.counts ? tagger?.dictionaries.filter((name) => !others.has(name)) : undefined;
  const inputs = options.allColumns ? undefined : [...needed].filter((name) => !scores.has(name));
  // Rows are counted by some column.
  if (inputs?.length === 0) inputs.push(plan.layouts[0]![0]!.name);
  const codes = filters.map((_, f) => filters.slice(0, f).reduce((sum, g) => sum + g.reasons.length, 1));
  const reasons = filters.flatMap((f) => f.reasons);
  const exitOfCode = new Uint8Array(reasons.length + 1).fill(filters.length);
  filters.forEach((filter, f) => {
    exitOfCode.fill(f, codes[f], codes[f] + filter.reasons.length);
  });

  return {
    job,
    names,
    filters,
    reasons,
    exitOfCode,
    reader: createReader(plan, {
      columns: inputs,
      losses: await loadLosses(staging),
      attached,
      dictionaries,
      meanwhile: tagger?.compile,
    }),
    drop(batch, firstRow) {
      const drop = new Uint8Array(batch.numRows);
      const context = { firstRow };
      filters.forEach((filter, f) => {
        filter.select(batch, drop, codes[f], context);
      });
      return drop;
    },
    tag(batch, indices) {
      if (tagger === undefined) throw new InvariantError('a stage of some filters has no tagger');
      if (indices === undefined || indices.length === batch.numRows) return tagger.tag(batch);
      return tagger.tag(gather(project(batch, tagColumns), indices));
    },
    carried(batch) {
      if (scores.size === 0) return batch;
      const names = batch.schema.fields.map(({ name }) => name);
      return project(
        batch,
        names.filter((name) => !scores.has(name)),
      );
    },
    utility(batch, indices) {
      if (utilityColumn === undefined) return undefined;
      const { values, valid } = numberColumn(batch, utilityColumn);
      return Float64Array.from(indices, (i) =>
        valid === undefined || valid[i] === 1 ? Number(values[i]) : Number.NaN,
      );
    },
  };
}
