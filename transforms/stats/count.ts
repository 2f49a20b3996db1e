/** Beam: splits become counts: moments by exit, drops by reason, patterns. */
import { type BundleContext, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { addPatterns } from '../balance/patterns.js';
import { type Examples, isUnreadable, placed } from '../read/reader.js';
import { keptRows, selectTags } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { type Counts, decodeCounts, emptyCounts, encodeCounts, mergeCounts, type Shape } from './counts.js';
import { addCounts } from './moments.js';

export function shapeOf(stage: Stage): Shape {
  return {
    attributes: stage.names.attributes.length,
    labels: stage.names.labels.length,
    filters: stage.filters.length,
    codes: stage.reasons.length + 1,
    patterns: stage.job.config.balance.patterns,
  };
}

class Count extends DoFn<Split, Uint8Array> {
  private stage!: Stage;
  private counts!: Counts;
  private used = false;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.staging);
  }

  override startBundle() {
    this.counts = emptyCounts(shapeOf(this.stage));
    this.used = false;
  }

  async process(split: Split, ctx: BundleContext) {
    const { reader } = this.stage;
    this.used = true;
    for await (const piece of reader.split(split)) {
      if (isUnreadable(piece)) {
        this.counts.unreadable.push(piece);
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
    const { stage, counts } = this;
    const drop = stage.drop(batch, firstRow);
    for (let i = 0; i < drop.length; i++) counts.drops[drop[i]]++;
    const tags = stage.tag(batch);
    addCounts(counts.exits, tags, drop, stage.exitOfCode);
    const kept = keptRows(drop);
    addPatterns(counts.patterns, selectTags(tags, kept), stage.utility(batch, kept));
  }

  override *finishBundle() {
    if (this.used) yield encodeCounts(this.counts);
  }
}

class MergeCounts extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private stage!: Stage;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.staging);
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const counts = emptyCounts(shapeOf(this.stage));
    for (const bytes of value) if (bytes.length > 0) mergeCounts(counts, decodeCounts(bytes));
    yield encodeCounts(counts);
  }
}

/** Config: the staging folder. One encoded Counts a bundle. */
export const count = registerDoFn('m4-balance.count', (staging: string) => new Count(staging));
/** Config: the staging folder. */
export const mergeAllCounts = registerDoFn('m4-balance.count.merge', (staging: string) => new MergeCounts(staging));
