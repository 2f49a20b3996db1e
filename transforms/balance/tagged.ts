/** Beam: splits become what the stream fit reads: kept examples' tags, keyed by stream number. And the pass that calibrates mu. */
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, cutPieces, DoFn, type KV, PIECE_BYTES, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { type Handed, received } from '../read/handed.js';
import { mergerOf } from '../read/merger.js';
import { isUnreadable } from '../read/reader.js';
import { keptRows } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { addMargins, createHistogram, type MarginGrid, type MarginHistogram, mergeHistograms } from './calibrate.js';
import type { Problem } from './problem.js';
import { latestStream } from './stream.js';
import { cutTags, type TagsBatch } from './tags-bytes.js';
import type { WeightDuals } from './weight.js';

/** The kept examples of a split, batch by batch. */
async function* keptTags(stage: Stage, split: Split, ctx: BundleContext): AsyncGenerator<TagsBatch> {
  for await (const piece of stage.reader.split(split)) {
    if (isUnreadable(piece)) ctx.counter('rows', piece.rows);
    else {
      const { batch, firstRow } = piece;
      const kept = keptRows(stage.drop(batch, firstRow));
      const utility = stage.utility(batch, kept);
      const tags = stage.tag(batch, kept);
      yield utility === undefined ? { tags } : { tags, utility };
      ctx.counter('rows', batch.numRows);
    }
  }
}

interface TaggedConfig {
  readonly staging: string;
  /** Independent streams; a split belongs to stream `ordinal mod streams`. */
  readonly streams: number;
}

class Tagged extends DoFn<Split, KV<string, TagsBatch>> {
  private stage!: Stage;

  constructor(private readonly config: TaggedConfig) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.config.staging);
  }

  async *process(split: Split, ctx: BundleContext) {
    const key = String(split.ordinal % this.config.streams);
    for await (const batch of keptTags(this.stage, split, ctx))
      for (const value of cutTags(batch, PIECE_BYTES)) yield { key, value };
  }
}

interface CalibrateConfig {
  readonly staging: string;
  readonly grid: MarginGrid;
  readonly task: Handed<{ readonly problem: Problem; readonly duals: WeightDuals }>;
}

class Calibrate extends DoFn<Split, KV<string, Uint8Array>> {
  private stage!: Stage;
  private problem!: Problem;
  private duals!: WeightDuals;
  private histogram!: MarginHistogram;
  private merger: string | undefined;

  constructor(private readonly config: CalibrateConfig) {
    super();
  }

  override async setup() {
    const { staging, task } = this.config;
    this.stage = await openStage(staging);
    ({ problem: this.problem, duals: this.duals } = await received(task));
  }

  override startBundle() {
    this.histogram = createHistogram(this.config.grid);
    this.merger = undefined;
  }

  async process(split: Split, ctx: BundleContext) {
    this.merger ??= mergerOf(split.ordinal);
    for await (const { tags, utility } of keptTags(this.stage, split, ctx)) {
      addMargins(this.histogram, tags, utility, this.duals, this.problem);
    }
  }

  override *finishBundle() {
    if (this.merger === undefined) return;
    for (const value of cutPieces(serialize(this.histogram))) yield { key: this.merger, value };
  }
}

class MergeMargins extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  constructor(private readonly grid: MarginGrid) {
    super();
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const sum = createHistogram(this.grid);
    for (const bytes of value) mergeHistograms(sum, decodeMargins(bytes));
    yield new Uint8Array(serialize(sum));
  }
}

export function decodeMargins(bytes: Uint8Array): MarginHistogram {
  return deserialize(new Uint8Array(bytes));
}

interface Snapshots {
  /** Key and encoded state of each stream, in the order of keys. */
  readonly streams: readonly (readonly [string, Uint8Array])[];
}

/** Of one stream's snapshots the one with the most steps: an engine may emit one a bundle. */
class LatestSnapshot extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  *process({ key, value }: KV<string, Iterable<Uint8Array>>) {
    let latest: Uint8Array | undefined;
    for (const state of value) latest = latest === undefined ? state : latestStream(latest, state);
    if (latest !== undefined) yield new Uint8Array(serialize([key, latest]));
  }
}

class AllSnapshots extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const streams = Array.from(value, (bytes) => deserialize(new Uint8Array(bytes)) as [string, Uint8Array]);
    streams.sort(([a], [b]) => Number(a) - Number(b));
    yield new Uint8Array(serialize({ streams } satisfies Snapshots));
  }
}

export function decodeSnapshots(bytes: Uint8Array): Snapshots {
  return deserialize(new Uint8Array(bytes));
}

export const tagged = registerDoFn('m4-balance.tagged', (config: TaggedConfig) => new Tagged(config));
export const calibrate = registerDoFn('m4-balance.calibrate', (config: CalibrateConfig) => new Calibrate(config));
export const mergeMargins = registerDoFn('m4-balance.calibrate.merge', (grid: MarginGrid) => new MergeMargins(grid));
/** Merges the snapshots of one stream. */
export const latestSnapshot = registerDoFn('m4-balance.stream.latest', () => new LatestSnapshot());
export const allSnapshots = registerDoFn('m4-balance.stream.all', () => new AllSnapshots());
