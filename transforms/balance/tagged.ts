/** Beam: splits become what the stream fit reads: kept examples' tags, keyed by stream number. And the pass that calibrates mu. */
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { isUnreadable } from '../read/reader.js';
import { keptRows } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { addMargins, createHistogram, type MarginGrid, type MarginHistogram, mergeHistograms } from './calibrate.js';
import type { Problem } from './problem.js';
import { latestStream } from './stream.js';
import type { TagsBatch } from './tags-bytes.js';
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
    for await (const value of keptTags(this.stage, split, ctx)) yield { key, value };
  }
}

interface CalibrateConfig {
  readonly staging: string;
  readonly grid: MarginGrid;
  readonly problem: Problem;
  readonly duals: WeightDuals;
}

class Calibrate extends DoFn<Split, Uint8Array> {
  private stage!: Stage;
  private histogram!: MarginHistogram;

  constructor(private readonly config: CalibrateConfig) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.config.staging);
  }

  override startBundle() {
    this.histogram = createHistogram(this.config.grid);
  }

  async process(split: Split, ctx: BundleContext) {
    const { duals, problem } = this.config;
    for await (const { tags, utility } of keptTags(this.stage, split, ctx)) {
      addMargins(this.histogram, tags, utility, duals, problem);
    }
  }

  override *finishBundle() {
    yield new Uint8Array(serialize(this.histogram));
  }
}

class MergeMargins extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  constructor(private readonly grid: MarginGrid) {
    super();
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const sum = createHistogram(this.grid);
    for (const bytes of value) if (bytes.length > 0) mergeHistograms(sum, decodeMargins(bytes));
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

class Snapshot extends DoFn<KV<string, Uint8Array>, Uint8Array> {
  *process({ key, value }: KV<string, Uint8Array>) {
    yield new Uint8Array(serialize([key, value]));
  }
}

/** Keeps of each stream the state with the most steps: an engine may emit one a bundle. */
class LatestSnapshots extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const latest = new Map<string, Uint8Array>();
    for (const bytes of value) {
      if (bytes.length === 0) continue;
      const [key, state] = deserialize(new Uint8Array(bytes)) as [string, Uint8Array];
      const known = latest.get(key);
      latest.set(key, known === undefined ? state : latestStream(known, state));
    }
    const streams = [...latest].sort(([a], [b]) => Number(a) - Number(b));
    yield new Uint8Array(serialize({ streams } satisfies Snapshots));
  }
}

export function decodeSnapshots(bytes: Uint8Array): Snapshots {
  return deserialize(new Uint8Array(bytes));
}

export const tagged = registerDoFn('m4-balance.tagged', (config: TaggedConfig) => new Tagged(config));
export const calibrate = registerDoFn('m4-balance.calibrate', (config: CalibrateConfig) => new Calibrate(config));
export const mergeMargins = registerDoFn('m4-balance.calibrate.merge', (grid: MarginGrid) => new MergeMargins(grid));
export const snapshot = registerDoFn('m4-balance.stream.snapshot', () => new Snapshot());
export const latestSnapshots = registerDoFn('m4-balance.stream.latest', () => new LatestSnapshots());
