/** Beam: the near duplicates of a column, found by a stateful step that is keyed by band. */
import {
  type BundleContext,
  bagState,
  cutPieces,
  DoFn,
  type KV,
  kvCoder,
  type ProcessContext,
  registerDoFn,
  structuredCoder,
  valueState,
} from '../../beam/index.js';
import { InputError, InvariantError } from '../../schemas/errors.js';
import type { Split } from '../../schemas/split.js';
import { mergerOf } from '../read/merger.js';
import { createNearRuns, findNear, type NearRule } from './near.js';
import { numberBytes, type Run, readRuns, Scan, type ScanConfig, SPILL_BYTES, spillRuns } from './resolve.js';
import type { SpillRuns } from './spill-runs.js';

export interface NearConfig extends ScanConfig {
  readonly near: NearRule;
  /** Of each band. */
  readonly parts: number;
}

/** What a bundle has of one part of a band: where its records lie, and how many splits it has seen. */
export interface Spilled {
  readonly splits: number;
  readonly runs: readonly Run[];
}

export const spilledCoder = kvCoder(structuredCoder<Spilled>('m4-balance:coder:spilled:v1'));

/** Spills the records of a bundle, and tells every part of every band of it, those too of which it has none. */
class SpillNear extends Scan<KV<string, Spilled>> {
  private runs!: SpillRuns;
  private spilled!: Run[][];
  private splits = 0;

  constructor(private readonly rule: NearConfig) {
    super(rule);
  }

  override startBundle() {
    this.runs = createNearRuns(this.rule.near, this.rule.parts);
    this.spilled = Array.from({ length: this.runs.buckets }, () => []);
    this.splits = 0;
  }

  async process(split: Split, ctx: BundleContext) {
    this.splits++;
    for await (const { data, firstRow, drop } of this.kept(split, ctx)) {
      this.runs.append(this.config.column, data, firstRow, drop);
      if (this.runs.bytes >= SPILL_BYTES) await this.spill();
    }
  }

  override async *finishBundle() {
    if (this.splits === 0) return;
    if (this.runs.bytes > 0) await this.spill();
    for (const [bucket, runs] of this.spilled.entries()) {
      yield { key: String(bucket), value: { splits: this.splits, runs } };
    }
  }

  private async spill(): Promise<void> {
    for (const [bucket, run] of await spillRuns(this.config, this.runs)) this.spilled[bucket]!.push(run);
  }
}

const stateSpecs = {
  /** Splits whose rows are in `runs`. */
  splits: valueState(structuredCoder<number>('m4-balance:coder:count:v1')),
  runs: bagState(structuredCoder<Run>('m4-balance:coder:run:v1')),
};

interface FindConfig {
  readonly column: string;
  readonly similarity: number;
  /** Of the whole input. */
  readonly splits: number;
}

/** Bytes of the records of one part of a band that are searched at most, ours: four billion captions come to less, if they are as captions are. */
export const MOST_PART_BYTES = 1 << 30;

/**
 * Keyed by the part of a band. The state holds where its records lie, never the records, so that it stays small on any runner; when those of all
 * splits are there, they are searched together. Which row is the first then depends on the row numbers, not on what came first.
 */
class FindNear extends DoFn<KV<string, Spilled>, KV<string, Uint8Array>, typeof stateSpecs> {
  override readonly stateSpecs = stateSpecs;

  constructor(private readonly config: FindConfig) {
    super();
  }

  async *process({ key, value }: KV<string, Spilled>, { state }: ProcessContext<typeof stateSpecs>) {
    const splits = (state.splits.read() ?? 0) + value.splits;
    state.splits.write(splits);
    for (const run of value.runs) state.runs.append(run);
    if (splits < this.config.splits) return;
    if (splits > this.config.splits)
      throw new InvariantError(`part ${key} has ${splits} splits, of ${this.config.splits} of the input`);
    const runs = [...state.runs.read()];
    state.runs.clear();
    this.requireBounded(runs);
    const byMerger = new Map<string, number[]>();
    for (const row of findNear([await readRuns(runs)], this.config.similarity)) {
      const merger = mergerOf(row);
      const rows = byMerger.get(merger);
      if (rows === undefined) byMerger.set(merger, [row]);
      else rows.push(row);
    }
    for (const [merger, rows] of byMerger)
      for (const piece of cutPieces(numberBytes(Float64Array.from(rows)))) yield { key: merger, value: piece };
  }

  /** Captions that were written, or generated, from one mould may all share a band. */
  private requireBounded(runs: readonly Run[]): void {
    const bytes = runs.reduce((sum, { start, end }) => sum + end - start, 0);
    if (bytes <= MOST_PART_BYTES) return;
    throw new InputError('filters: near', {
      place: `column ${this.config.column}`,
      expected: `at most ${MOST_PART_BYTES} bytes of captions that may be near each other`,
      got: `${bytes}`,
      hint: 'Put a filter before it that drops captions which have most of their words in common, or ask for a higher similarity.',
    });
  }
}

/** One `Spilled` for each bundle and part of a band, whose key is its number. */
export const spillNear = registerDoFn('m4-balance.near.spill', (config: NearConfig) => new SpillNear(config));
/** Rows that come after a similar one, in pieces, by the key under which those of several bands are merged. */
export const nearOf = registerDoFn('m4-balance.near.find', (config: FindConfig) => new FindNear(config));
