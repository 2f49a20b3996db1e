/** Beam: what a filter must know of the whole input before it can select: a top fraction's threshold, the duplicates of an id. */
import { randomUUID } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, cutPieces, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { below, storageFor } from '../../storage/index.js';
import { workPath } from '../read/job.js';
import { mergerOf } from '../read/merger.js';
import { isUnreadable, placed } from '../read/reader.js';
import { columnData } from '../tag/column.js';
import { openStage, type Stage } from '../tag/stage.js';
import { createDuplicateRuns, findDuplicates, withoutRepeats } from './duplicates.js';
import { addScores, emptyHistogram, mergeHistograms, type ScoreHistogram, type ScoreRange } from './fraction.js';
import type { SpillRuns } from './spill-runs.js';

export interface ScanConfig {
  readonly staging: string;
  /** Position of the filter; those before it are applied first. */
  readonly rule: number;
  readonly column: string;
}

/** A DoFn that passes the rows which the filters before `rule` keep. */
export abstract class Scan<O> extends DoFn<Split, O> {
  private stage!: Stage;

  constructor(protected readonly config: ScanConfig) {
    super();
  }

  override async setup() {
    const { staging, rule, column } = this.config;
    this.stage = await openStage(staging, { filters: rule, columns: () => [column] });
  }

  protected async *kept(split: Split, ctx: BundleContext) {
    for await (const piece of this.stage.reader.split(split)) {
      if (isUnreadable(piece)) ctx.counter('rows', piece.rows);
      else {
        const { batch, firstRow } = piece;
        const data = columnData(batch, this.config.column);
        try {
          yield { data, firstRow, drop: this.stage.drop(batch, firstRow) };
        } catch (error) {
          throw placed(error, this.stage.reader, firstRow);
        }
        ctx.counter('rows', batch.numRows);
      }
    }
  }
}

interface ScoresConfig extends ScanConfig {
  readonly range: ScoreRange;
}

function encodeScores(histogram: ScoreHistogram): Uint8Array {
  return new Uint8Array(serialize(histogram));
}

export function decodeScores(bytes: Uint8Array): ScoreHistogram {
  return deserialize(new Uint8Array(bytes));
}

class Scores extends Scan<KV<string, Uint8Array>> {
  private histogram!: ScoreHistogram;
  private merger: string | undefined;

  constructor(private readonly scores: ScoresConfig) {
    super(scores);
  }

  override startBundle() {
    this.histogram = emptyHistogram(this.scores.range);
    this.merger = undefined;
  }

  async process(split: Split, ctx: BundleContext) {
    this.merger ??= mergerOf(split.ordinal);
    for await (const { data, drop } of this.kept(split, ctx)) addScores(this.histogram, this.config.column, data, drop);
  }

  override *finishBundle() {
    if (this.merger === undefined) return;
    for (const value of cutPieces(encodeScores(this.histogram))) yield { key: this.merger, value };
  }
}

class MergeScores extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  constructor(private readonly range: ScoreRange) {
    super();
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    let sum = emptyHistogram(this.range);
    for (const bytes of value) sum = mergeHistograms(sum, decodeScores(bytes));
    yield encodeScores(sum);
  }
}

/** Records held before they are spilled to the staging folder. */
export const SPILL_BYTES = 48 << 20;

/** Where one bucket's records of one spill lie. */
export interface Run {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** Folder of the spilled records of a filter. */
export function spillFolder(staging: string, rule: number): string {
  return workPath(staging, `ids-${rule}`);
}

/** Writes what `runs` hold to a file of its own, and returns where each bucket's records lie; buckets without any are left out. */
export async function spillRuns({ staging, rule }: ScanConfig, runs: SpillRuns): Promise<[bucket: number, Run][]> {
  const path = below(spillFolder(staging, rule), randomUUID());
  const sink = await storageFor(path).create(path);
  const spilled: [number, Run][] = [];
  let start = 0;
  for (let bucket = 0; bucket < runs.buckets; bucket++) {
    const bytes = runs.take(bucket);
    if (bytes.length === 0) continue;
    await sink.write(bytes);
    spilled.push([bucket, { path, start, end: start + bytes.length }]);
    start += bytes.length;
  }
  await sink.close();
  return spilled;
}

/** The records of runs, one run after the other, in memory of their own. */
export async function readRuns(runs: readonly Run[]): Promise<Uint8Array> {
  const all = new Uint8Array(runs.reduce((sum, { start, end }) => sum + end - start, 0));
  let at = 0;
  for (const { path, start, end } of runs) {
    all.set(await (await storageFor(path).open(path)).read(start, end), at);
    at += end - start;
  }
  return all;
}

class SpillIds extends Scan<KV<string, Uint8Array>> {
  private runs!: SpillRuns;

  override startBundle() {
    this.runs = createDuplicateRuns();
  }

  async *process(split: Split, ctx: BundleContext) {
    for await (const { data, firstRow, drop } of this.kept(split, ctx)) {
      this.runs.append(this.config.column, data, firstRow, drop);
      if (this.runs.bytes >= SPILL_BYTES) yield* this.spill();
    }
  }

  override async *finishBundle() {
    if (this.runs.bytes > 0) yield* this.spill();
  }

  private async *spill(): AsyncGenerator<KV<string, Uint8Array>> {
    for (const [bucket, run] of await spillRuns(this.config, this.runs))
      for (const value of cutPieces(serialize(run))) yield { key: String(bucket), value };
  }
}

class FindDuplicates extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  async *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const runs: Run[] = [];
    for (const bytes of value) runs.push(deserialize(new Uint8Array(bytes)));
    const duplicates = findDuplicates([await readRuns(runs)]);
    if (duplicates.length > 0) yield numberBytes(duplicates);
  }
}

class MergeDuplicates extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const parts = [...value].map((bytes) => new Float64Array(new Uint8Array(bytes).buffer));
    const rows = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      rows.set(part, at);
      at += part.length;
    }
    // Near duplicates are found by several bands.
    yield numberBytes(withoutRepeats(rows.sort()));
  }
}

export function numberBytes(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

export const scores = registerDoFn('m4-balance.scores', (config: ScoresConfig) => new Scores(config));
export const mergeScores = registerDoFn('m4-balance.scores.merge', (range: ScoreRange) => new MergeScores(range));
export const spillIds = registerDoFn('m4-balance.ids.spill', (config: ScanConfig) => new SpillIds(config));
export const duplicatesOf = registerDoFn('m4-balance.ids.duplicates', () => new FindDuplicates());
export const mergeDuplicates = registerDoFn('m4-balance.ids.merge', () => new MergeDuplicates());
