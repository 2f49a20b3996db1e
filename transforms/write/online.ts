/** Beam: the online mode, keyed and stateful: a unit is weighed by the stream's current duals, which learn from it, and its shards are written at once. */
import { deserialize, serialize } from 'node:v8';
import {
  type BundleContext,
  bytesCoder,
  DoFn,
  type KV,
  type ProcessContext,
  registerDoFn,
  valueState,
} from '../../beam/index.js';
import { addPatterns } from '../balance/patterns.js';
import type { Problem } from '../balance/problem.js';
import {
  createStream,
  currentDuals,
  decodeStream,
  encodeStream,
  latestStream,
  type StreamState,
  updateStream,
} from '../balance/stream.js';
import { shapeOf } from '../stats/count.js';
import { type Counts, decodeCounts, emptyCounts, encodeCounts, mergeCounts } from '../stats/counts.js';
import { addCounts } from '../stats/moments.js';
import { selectTags } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { emptyResult, type ShardContext, type Weigher, writeShard } from './shard.js';
import type { Unit } from './shards.js';
import { decodeWritten, encodeWritten, mergeWritten, type Written } from './written.js';

export interface OnlineConfig {
  readonly staging: string;
  readonly problem: Problem;
  /** Duals to start every stream from. */
  readonly start?: { readonly w: Float64Array; readonly mu: number } | undefined;
}

/** What an online pass ends with. */
export interface Online {
  readonly written: Written;
  readonly counts: Counts;
  /** Encoded state of each stream, by key. */
  readonly streams: ReadonlyMap<string, Uint8Array>;
}

const stateSpecs = { stream: valueState(bytesCoder) };

class OnlineWrite extends DoFn<KV<string, Unit>, Uint8Array, typeof stateSpecs> {
  override readonly stateSpecs = stateSpecs;
  private stage!: Stage;
  private written!: Written;
  private counts!: Counts;
  private streams!: Map<string, Uint8Array>;

  constructor(private readonly config: OnlineConfig) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.config.staging, { allColumns: true });
  }

  override startBundle() {
    this.written = emptyResult(this.stage);
    this.counts = emptyCounts(shapeOf(this.stage));
    this.streams = new Map();
  }

  async process({ key, value: unit }: KV<string, Unit>, ctx: ProcessContext<typeof stateSpecs>) {
    const { staging, problem, start } = this.config;
    const stored = ctx.state.stream.read();
    const stream = stored === undefined ? createStream(problem, start) : decodeStream(problem, stored);
    const context = { staging, stage: this.stage, weigher: learner(problem, stream), ...this.observers(ctx) };
    for (const range of unit.shards) mergeWritten(this.written, await writeShard(context, range));
    const bytes = encodeStream(stream);
    ctx.state.stream.write(bytes);
    this.streams.set(key, bytes);
  }

  override *finishBundle() {
    if (this.streams.size === 0) return;
    this.counts.unreadable.push(...this.written.unreadable);
    yield encodeOnline({ written: this.written, counts: this.counts, streams: this.streams });
  }

  private observers(ctx: BundleContext): Pick<ShardContext, 'onRows' | 'onTags'> {
    const { stage, counts } = this;
    return {
      onRows: (rows) => ctx.counter('rows', rows),
      onTags(tags, utility, drop, kept) {
        for (let i = 0; i < drop.length; i++) counts.drops[drop[i]]++;
        addCounts(counts.exits, tags, drop, stage.exitOfCode);
        addPatterns(counts.patterns, selectTags(tags, kept), utility);
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

class MergeOnline extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private stage!: Stage;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.staging);
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const written = emptyResult(this.stage);
    const counts = emptyCounts(shapeOf(this.stage));
    const streams = new Map<string, Uint8Array>();
    for (const bytes of value) {
      if (bytes.length === 0) continue;
      const part = decodeOnline(bytes);
      mergeWritten(written, part.written);
      mergeCounts(counts, part.counts);
      for (const [key, state] of part.streams) {
        const known = streams.get(key);
        streams.set(key, known === undefined ? state : latestStream(known, state));
      }
    }
    yield encodeOnline({ written, counts, streams: new Map([...streams].sort(([a], [b]) => Number(a) - Number(b))) });
  }
}

function encodeOnline({ written, counts, streams }: Online): Uint8Array {
  return new Uint8Array(serialize([encodeWritten(written), encodeCounts(counts), streams]));
}

export function decodeOnline(bytes: Uint8Array): Online {
  const [written, counts, streams] = deserialize(new Uint8Array(bytes));
  return { written: decodeWritten(written), counts: decodeCounts(counts), streams };
}

/** Config: number of streams. */
export const keyUnits = registerDoFn('m4-balance.online.key', (streams: number) => new KeyUnits(streams));
/** One encoded Online a bundle. */
export const onlineWrite = registerDoFn('m4-balance.online', (config: OnlineConfig) => new OnlineWrite(config));
/** Config: the staging folder. */
export const mergeOnline = registerDoFn('m4-balance.online.merge', (staging: string) => new MergeOnline(staging));
