/** Beam: the online mode, keyed and stateful: a unit is weighed by the stream's current duals, which learn from it, and its shards are written at once. */
import { randomUUID } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, cutPieces, DoFn, type KV, type ProcessContext, registerDoFn } from '../../beam/index.js';
import { type M4Config, readStream, stateSpecs, writeStream } from '../balance/m4.js';
import type { Problem } from '../balance/problem.js';
import { createPatternCounter, type Located, type PatternCounter } from '../balance/range-files.js';
import { currentDuals, encodeStream, latestStream, type StreamState, updateStream } from '../balance/stream.js';
import { type Encoder, encoderOf } from '../image/encoder.js';
import { type Handed, received } from '../read/handed.js';
import { mergerOf } from '../read/merger.js';
import {
  CombineKey,
  createAddRows,
  decodeMerged,
  MergeKeys,
  patternParts,
  patternShapeOf,
  shapeOf,
} from '../stats/count.js';
import { type Counts, decodeCounts, emptyCounts, encodeCounts, mergeCounts } from '../stats/counts.js';
import { selectTags } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { emptyResult, type ShardContext, type Weigher, writeShard } from './shard.js';
import type { ShardRange, Unit } from './shards.js';
import { decodeWritten, encodeWritten, mergeWritten, type Written } from './written.js';

export interface OnlineConfig {
  readonly staging: string;
  readonly task: Handed<M4Config>;
  /** As in WriteConfig. */
  readonly shuffled?: number | undefined;
}

/** What some units ended with, beside the patterns. */
interface Learnt {
  readonly written: Written;
  readonly counts: Counts;
  /** Encoded state of each stream, by key. */
  readonly streams: ReadonlyMap<string, Uint8Array>;
}

/** What an online pass ends with. */
export interface Online extends Learnt {
  readonly ranges: readonly Located[];
}

class OnlineWrite extends DoFn<KV<string, Unit>, KV<string, Uint8Array>, typeof stateSpecs> {
  override readonly stateSpecs = stateSpecs;
  private stage!: Stage;
  private encoder: Encoder | undefined;
  private addRows!: ReturnType<typeof createAddRows>;
  private task!: M4Config;
  private written!: Written;
  private counts!: Counts;
  private patterns!: PatternCounter;
  private streams!: Map<string, Uint8Array>;
  private merger: string | undefined;

  constructor(private readonly config: OnlineConfig) {
    super();
  }

  override async setup() {
    const { staging, task } = this.config;
    this.stage = await openStage(staging, { allColumns: true });
    this.encoder = await encoderOf(this.stage.job);
    this.addRows = createAddRows(this.stage);
    this.task = await received(task);
  }

  override startBundle() {
    this.written = emptyResult(this.stage);
    this.counts = emptyCounts(shapeOf(this.stage));
    this.patterns = createPatternCounter(this.config.staging, patternShapeOf(this.stage));
    this.streams = new Map();
    this.merger = undefined;
  }

  async *process({ key, value: unit }: KV<string, Unit>, ctx: ProcessContext<typeof stateSpecs>) {
    this.merger ??= mergerOf(unit.ordinal);
    const stream = readStream(ctx.state.stream, this.task);
    // What is written depends on the units that this stream saw before: a second attempt may see them in another order.
    const attempt = randomUUID();
    const context = {
      staging: this.config.staging,
      stage: this.stage,
      encoder: this.encoder,
      shuffled: this.config.shuffled,
      weigher: learner(this.task.problem, stream),
      partName: ({ index }: ShardRange) => `${index}-${attempt}`,
      ...this.observers(ctx),
    };
    for (const range of unit.shards) {
      mergeWritten(this.written, await writeShard(context, range));
      if (this.patterns.full) yield* patternParts(this.patterns);
    }
    const bytes = encodeStream(stream);
    writeStream(ctx.state.stream, bytes);
    this.streams.set(key, bytes);
  }

  override async *finishBundle() {
    if (this.merger === undefined) return;
    const { written, counts, streams } = this;
    counts.unreadable.push(...written.unreadable);
    yield* patternParts(this.patterns);
    for (const value of cutPieces(encodeLearnt({ written, counts, streams }))) yield { key: this.merger, value };
  }

  private observers(ctx: BundleContext): Pick<ShardContext, 'onRows' | 'onTags'> {
    const { addRows, counts, patterns } = this;
    return {
      onRows: (rows) => ctx.counter('rows', rows),
      onTags(rows, utility) {
        addRows(counts, rows);
        patterns.add(selectTags(rows.tags, rows.kept), utility);
      },
    };
  }
}

/** Each batch is weighed by what was learned from those before it, then learned from. */
function learner(problem: Problem, stream: StreamState): Weigher {
  return {
    problem,
    next({ tags, utility }) {
      const duals = currentDuals(stream);
      updateStream(stream, tags, utility);
      return duals;
    },
  };
}

class KeyUnits extends DoFn<Unit, KV<string, Unit>> {
  constructor(private readonly streams: number) {
    super();
  }

  *process(unit: Unit) {
    yield { key: String(unit.ordinal % this.streams), value: unit };
  }
}

function mergeLearnt(parts: Iterable<Uint8Array>, stage: Stage): Uint8Array {
  const written = emptyResult(stage);
  const counts = emptyCounts(shapeOf(stage));
  const streams = new Map<string, Uint8Array>();
  for (const bytes of parts) {
    const part = decodeLearnt(bytes);
    mergeWritten(written, part.written);
    mergeCounts(counts, part.counts);
    for (const [key, state] of part.streams) {
      const known = streams.get(key);
      streams.set(key, known === undefined ? state : latestStream(known, state));
    }
  }
  return encodeLearnt({ written, counts, streams: new Map([...streams].sort(([a], [b]) => Number(a) - Number(b))) });
}

function encodeLearnt({ written, counts, streams }: Learnt): Uint8Array {
  return new Uint8Array(serialize([encodeWritten(written), encodeCounts(counts), streams]));
}

function decodeLearnt(bytes: Uint8Array): Learnt {
  const [written, counts, streams] = deserialize(new Uint8Array(bytes));
  return { written: decodeWritten(written), counts: decodeCounts(counts), streams };
}

export function decodeOnline(bytes: Uint8Array): Online {
  const { ranges, rest } = decodeMerged(bytes);
  return { ranges, ...decodeLearnt(rest[0]) };
}

/** Config: number of streams. */
export const keyUnits = registerDoFn('m4-balance.online.key', (streams: number) => new KeyUnits(streams));
/** One encoded Learnt a bundle, in pieces, and its patterns by range. */
export const onlineWrite = registerDoFn('m4-balance.online', (config: OnlineConfig) => new OnlineWrite(config));
/** Config: the staging folder. Merges one key. */
export const combineOnline = registerDoFn(
  'm4-balance.online.combine',
  (staging: string) => new CombineKey(staging, mergeLearnt),
);
/** Config: the staging folder. */
export const mergeOnline = registerDoFn(
  'm4-balance.online.merge',
  (staging: string) => new MergeKeys(staging, mergeLearnt),
);
