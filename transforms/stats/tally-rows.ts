/** Beam: splits become tallies, merged by key and then all together. */
import { registerDoFn, registerMerge } from '../../beam/index.js';
import { CountSplits } from '../read/count-splits.js';
import type { Unreadable } from '../read/losses.js';
import type { Examples } from '../read/reader.js';
import { openStage, type Stage } from '../tag/stage.js';
import { createRowRandoms, type RowRandoms } from './row-hash.js';
import { planStats, type StatsPlan, tallyShape } from './stats-plan.js';
import { addTally, emptyTally, encodeTally, type Tally, type TallyShape } from './tally.js';
import { addBatch, type BatchPlan } from './tally-batch.js';
import { createCaptionWords } from './words.js';

/** The job of a staging folder, opened for its statistics. */
export async function openStats(staging: string): Promise<{ stage: Stage; plan: StatsPlan; shape: TallyShape }> {
  let plan!: StatsPlan;
  const stage = await openStage(staging, {
    counts: true,
    columns: async (job, names) => {
      plan = planStats(job, names);
      for (const slice of plan.slices) await slice.prepare?.();
      return plan.columns;
    },
  });
  return { stage, plan, shape: tallyShape(stage, plan) };
}

class TallyRows extends CountSplits {
  private stage!: Stage;
  private shape!: TallyShape;
  private plan!: BatchPlan;
  /** Undefined where nothing depends on random numbers. */
  private randoms: RowRandoms | undefined;
  private tally!: Tally;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    const { stage, plan, shape } = await openStats(this.staging);
    this.stage = stage;
    this.shape = shape;
    this.plan = { ...plan, captionWords: createCaptionWords(), merged: stage.names.merged ?? [] };
    this.randoms = plan.hashed ? createRowRandoms(stage.job.plan) : undefined;
  }

  protected reader() {
    return this.stage.reader;
  }

  protected begin() {
    this.tally = emptyTally(this.shape);
  }

  protected lost(rows: Unreadable) {
    this.tally.unreadable.push(rows);
  }

  protected encoded() {
    return encodeTally(this.tally);
  }

  protected add({ batch, firstRow }: Examples): void {
    const { stage } = this;
    const drop = stage.drop(batch, firstRow);
    const tags = stage.tag(batch);
    const random = this.randoms?.(batch, firstRow);
    addBatch(this.tally, this.plan, { batch, tags, drop, random }, stage.exitOfCode);
  }
}

/** Config: the staging folder. One encoded Tally a bundle, in pieces. */
export const tallyRows = registerDoFn('m4-balance.stats.tally', (staging: string) => new TallyRows(staging));
/** Config: the staging folder. Merges tallies: those of one key, then those of all keys. */
export const mergeTallies = registerMerge('m4-balance.stats.merge', openStats, (parts, { shape }) => {
  const tally = emptyTally(shape);
  for (const bytes of parts) addTally(tally, bytes);
  return encodeTally(tally);
});
