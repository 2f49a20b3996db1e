/** Beam: splits become tallies, merged by key and then all together. */
import { type BundleContext, cutPieces, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { mergerOf } from '../read/merger.js';
import { type Examples, isUnreadable, placed } from '../read/reader.js';
import { openStage, type Stage } from '../tag/stage.js';
import { createRowRandoms, type RowRandoms } from './row-hash.js';
import { planStats, type StatsPlan, tallyShape } from './stats-plan.js';
import { addTally, emptyTally, encodeTally, type Tally, type TallyShape } from './tally.js';
import { addBatch, type BatchPlan } from './tally-batch.js';
import { createCaptionWords } from './words.js';

/** The job of a staging folder, opened for its statistics. */
export async function openStats(staging: string): Promise<{ stage: Stage; plan: StatsPlan; shape: TallyShape }> {
  const { job, names } = await openStage(staging);
  const plan = planStats(job, names);
  for (const slice of plan.slices) await slice.prepare?.();
  const stage = await openStage(staging, { columns: plan.columns });
  return { stage, plan, shape: tallyShape(stage, plan) };
}

class TallyRows extends DoFn<Split, KV<string, Uint8Array>> {
  private stage!: Stage;
  private shape!: TallyShape;
  private plan!: BatchPlan;
  /** Undefined where nothing depends on random numbers. */
  private randoms: RowRandoms | undefined;
  private tally!: Tally;
  private merger: string | undefined;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    const { stage, plan, shape } = await openStats(this.staging);
    this.stage = stage;
    this.shape = shape;
    this.plan = { ...plan, captionWords: createCaptionWords() };
    this.randoms = plan.hashed ? createRowRandoms(stage.job.plan) : undefined;
  }

  override startBundle() {
    this.tally = emptyTally(this.shape);
    this.merger = undefined;
  }

  async process(split: Split, ctx: BundleContext) {
    const { reader } = this.stage;
    this.merger ??= mergerOf(split.ordinal);
    for await (const piece of reader.split(split)) {
      if (isUnreadable(piece)) {
        this.tally.unreadable.push(piece);
        ctx.counter('rows', piece.rows);
        continue;
      }
      try {
        this.add(piece);
      } catch (error) {
        throw placed(error, reader, piece.firstRow);
      }
      ctx.counter('rows', piece.batch.numRows);
    }
  }

  private add({ batch, firstRow }: Examples): void {
    const { stage } = this;
    const drop = stage.drop(batch, firstRow);
    const tags = stage.tag(batch);
    const random = this.randoms?.(batch, firstRow);
    addBatch(this.tally, this.plan, { batch, tags, drop, random }, stage.exitOfCode);
  }

  override *finishBundle() {
    if (this.merger === undefined) return;
    for (const value of cutPieces(encodeTally(this.tally))) yield { key: this.merger, value };
  }
}

/** Merges tallies: those of one key, then those of all keys. */
class MergeTallies extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private shape!: TallyShape;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.shape = (await openStats(this.staging)).shape;
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const tally = emptyTally(this.shape);
    for (const bytes of value) addTally(tally, bytes);
    yield encodeTally(tally);
  }
}

/** Config: the staging folder. One encoded Tally a bundle, in pieces. */
export const tallyRows = registerDoFn('m4-balance.stats.tally', (staging: string) => new TallyRows(staging));
/** Config: the staging folder. */
export const mergeTallies = registerDoFn('m4-balance.stats.merge', (staging: string) => new MergeTallies(staging));
