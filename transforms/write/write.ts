/** Beam: units become shards. Finished shards of an interrupted run are taken as they are. */
import {
  type BundleContext,
  cutPieces,
  DoFn,
  type KV,
  registerDoFn,
  registerMerge,
  structuredCoder,
} from '../../beam/index.js';
import { storageFor } from '../../storage/index.js';
import type { Problem } from '../balance/problem.js';
import type { WeightDuals } from '../balance/weight.js';
import { type Encoder, encoderOf } from '../image/encoder.js';
import { type Handed, received } from '../read/handed.js';
import { saveBytes, workPath } from '../read/job.js';
import { mergerOf } from '../read/merger.js';
import { openStage, type Stage } from '../tag/stage.js';
import { type FindVerdicts, verdictReader } from '../tag/verdict-files.js';
import { emptyResult, type Weigher, writeShard } from './shard.js';
import { type ShardRange, shardRanges, type Unit, unitsOf } from './shards.js';
import { decodeWritten, encodeWritten, mergeWritten, type Written } from './written.js';

export const unitCoder = structuredCoder<Unit>('m4-balance:coder:unit:v1');

export interface UnitsConfig {
  /** Input rows. */
  readonly rows: number;
  /** Rows a shard, on average. */
  readonly shardRows: number;
  /** Share of the input rows that is expected to survive. */
  readonly keptShare: number;
  /** Input rows that a unit covers at least: those of the largest split. */
  readonly unitRows: number;
}

class Units extends DoFn<Uint8Array, Unit> {
  constructor(private readonly config: UnitsConfig) {
    super();
  }

  *process(_: Uint8Array) {
    const { rows, shardRows, keptShare, unitRows } = this.config;
    yield* unitsOf(shardRanges(rows, shardRows, keptShare), unitRows);
  }
}

export interface WriteConfig {
  readonly staging: string;
  readonly task: Handed<{ readonly problem: Problem; readonly duals: WeightDuals }>;
  /** Of all that decides the bytes: part of the names of what is written. */
  readonly hash: string;
  /** Number of shards that the rows are to be shuffled into; left out: they stay in the order of the input. */
  readonly shuffled?: number | undefined;
}

class Write extends DoFn<Unit, KV<string, Uint8Array>> {
  private stage!: Stage;
  private weigher!: Weigher;
  private verdicts!: FindVerdicts;
  private encoder: Encoder | undefined;
  private written!: Written;
  private merger: string | undefined;

  constructor(private readonly config: WriteConfig) {
    super();
  }

  override async setup() {
    const { staging, task } = this.config;
    this.stage = await openStage(staging, { allColumns: true });
    this.verdicts = verdictReader(staging, this.stage.job.plan);
    this.encoder = await encoderOf(this.stage.job);
    const { problem, duals } = await received(task);
    this.weigher = { problem, next: () => duals };
  }

  override startBundle() {
    this.written = emptyResult(this.stage);
    this.merger = undefined;
  }

  async process(unit: Unit, ctx: BundleContext) {
    this.merger ??= mergerOf(unit.ordinal);
    for (const range of unit.shards) mergeWritten(this.written, await this.shard(range, ctx));
  }

  override *finishBundle() {
    if (this.merger === undefined) return;
    for (const value of cutPieces(encodeWritten(this.written))) yield { key: this.merger, value };
  }

  private async shard(range: ShardRange, ctx: BundleContext): Promise<Written> {
    const { staging, hash, shuffled } = this.config;
    const name = `${hash}-${range.index}`;
    const found = await recorded(staging, name);
    if (found !== undefined) {
      ctx.counter('rows', range.to - range.from);
      return found;
    }
    const { stage, verdicts, weigher, encoder } = this;
    const context = {
      staging,
      stage,
      verdicts,
      weigher,
      encoder,
      shuffled,
      partName: () => name,
      onRows: (rows: number) => ctx.counter('rows', rows),
    };
    const written = await writeShard(context, range);
    await record(staging, name, written);
    return written;
  }
}

const recordPath = (staging: string, name: string) => workPath(staging, 'shards', name);

/** What was written under a name before the run was interrupted. */
export async function recorded(staging: string, name: string): Promise<Written | undefined> {
  const path = recordPath(staging, name);
  const storage = storageFor(path);
  return (await storage.exists(path)) ? decodeWritten(await storage.readAll(path)) : undefined;
}

/** Notes that the files of this name are finished. */
export async function record(staging: string, name: string, written: Written): Promise<void> {
  await saveBytes(recordPath(staging, name), encodeWritten(written));
}

export const units = registerDoFn('m4-balance.units', (config: UnitsConfig) => new Units(config));
/** One encoded Written a bundle, in pieces. */
export const write = registerDoFn('m4-balance.write', (config: WriteConfig) => new Write(config));
/** Config: the staging folder. */
export const mergeAllWritten = registerMerge(
  'm4-balance.write.merge',
  (staging: string) => openStage(staging),
  (parts, stage) => {
    const all = emptyResult(stage);
    for (const bytes of parts) mergeWritten(all, decodeWritten(bytes));
    return encodeWritten(all);
  },
);
