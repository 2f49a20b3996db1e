/** Beam: splits become counts, moments by exit and drops by reason, and patterns by key range. */
import { deserialize, serialize } from 'node:v8';
import { cutPieces, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import type { Tags } from '../../schemas/tags.js';
import {
  createPatternCounter,
  type Located,
  mergeRange,
  type PatternCounter,
  type PatternShape,
} from '../balance/range-files.js';
import { CountSplits } from '../read/count-splits.js';
import type { Unreadable } from '../read/losses.js';
import type { Examples } from '../read/reader.js';
import { utf8Column } from '../tag/column.js';
import { keptRows, selectTags } from '../tag/select.js';
import { openStage, type Stage } from '../tag/stage.js';
import { type VerdictWriter, verdictWriter } from '../tag/verdict-files.js';
import { addAgreements, sourceCounts } from './agreement.js';
import { type Counts, decodeCounts, emptyCounts, encodeCounts, mergeCounts, type Shape } from './counts.js';
import { exampleColumns, exampleLimit } from './example-plan.js';
import { addExamples } from './examples.js';
import { addCounts } from './moments.js';
import { createRowRandoms } from './row-hash.js';

export function shapeOf(stage: Stage): Shape {
  return {
    attributes: stage.names.attributes.length,
    labels: stage.names.labels.length,
    sources: sourceCounts(stage.names),
    filters: stage.filters.length,
    codes: stage.reasons.length + 1,
    examples: exampleLimit(stage.job, stage.names),
  };
}

/** Rows of a batch, what filters and taggers said of them, and which of them passed. */
export interface CountedBatch extends Examples {
  readonly tags: Tags;
  /** [rows] drop codes. */
  readonly drop: Uint8Array;
  /** Rows with code 0. */
  readonly kept: Uint32Array;
}

/** Adds batches of a job to counts. */
export function createAddRows({ job, names, exitOfCode }: Stage): (counts: Counts, rows: CountedBatch) => void {
  const randoms = createRowRandoms(job.plan);
  return (counts, { batch, firstRow, tags, drop, kept }) => {
    for (let i = 0; i < drop.length; i++) counts.drops[drop[i]]++;
    addCounts(counts.exits, tags, drop, exitOfCode);
    addAgreements(counts.agreements, names.merged ?? [], tags);
    if (counts.examples !== null) {
      addExamples(counts.examples, utf8Column(batch, 'text'), tags, randoms(batch, firstRow), kept);
    }
  };
}

export function patternShapeOf({ names, job }: Stage): PatternShape {
  return { m: names.attributes.length, c: names.labels.length, limit: job.config.balance.patterns };
}

/** Keys of patterns by range; all other keys of a phase are those of its other results. */
const RANGE_KEY = 'range ';

/** Hands on what a bundle has counted of patterns. */
export async function* patternParts(counter: PatternCounter): AsyncGenerator<KV<string, Uint8Array>> {
  for (const { range, part } of await counter.take())
    for (const value of cutPieces(part)) yield { key: `${RANGE_KEY}${range}`, value };
}

/** All ranges' patterns and, as bytes, all that one phase learns beside them. */
export interface Merged {
  readonly ranges: readonly Located[];
  readonly rest: readonly Uint8Array[];
}

/** Merges what has one key: the patterns of a range, or other results by `mergeRest`. Yields a serialised Merged. */
async function mergeKey(
  staging: string,
  { key, value }: KV<string, Iterable<Uint8Array>>,
  stage: Stage,
  mergeRest: (parts: Iterable<Uint8Array>) => Uint8Array,
): Promise<Uint8Array> {
  const merged: Merged = key.startsWith(RANGE_KEY)
    ? {
        ranges: [await mergeRange(staging, Number(key.slice(RANGE_KEY.length)), value, patternShapeOf(stage))],
        rest: [],
      }
    : { ranges: [], rest: [mergeRest(value)] };
  return new Uint8Array(serialize(merged));
}

/** Puts the results of all keys together, in whatever order they come: `rest` is then one. */
function mergeMerged(parts: Iterable<Uint8Array>, mergeRest: (parts: Iterable<Uint8Array>) => Uint8Array): Uint8Array {
  const ranges: Located[] = [];
  const rest: Uint8Array[] = [];
  for (const bytes of parts) {
    const part = decodeMerged(bytes);
    ranges.push(...part.ranges);
    rest.push(...part.rest);
  }
  return new Uint8Array(serialize({ ranges, rest: [mergeRest(rest)] } satisfies Merged));
}

export function decodeMerged(bytes: Uint8Array): Merged {
  return deserialize(new Uint8Array(bytes));
}

class Count extends CountSplits {
  private stage!: Stage;
  private addRows!: ReturnType<typeof createAddRows>;
  private counts!: Counts;
  private patterns!: PatternCounter;
  private verdicts!: VerdictWriter;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.staging, { columns: exampleColumns });
    this.addRows = createAddRows(this.stage);
  }

  protected reader() {
    return this.stage.reader;
  }

  protected begin() {
    this.counts = emptyCounts(shapeOf(this.stage));
    this.patterns = createPatternCounter(this.staging, patternShapeOf(this.stage));
    this.verdicts = verdictWriter(this.staging);
  }

  protected lost(rows: Unreadable) {
    this.counts.unreadable.push(rows);
  }

  protected encoded() {
    return encodeCounts(this.counts);
  }

  protected override async *beside(last: boolean) {
    if (last) await this.verdicts.close();
    if (last || this.patterns.full) yield* patternParts(this.patterns);
  }

  protected add({ batch, firstRow }: Examples, split: Split): void {
    const { stage } = this;
    const drop = stage.drop(batch, firstRow);
    const tags = stage.tag(batch);
    const kept = keptRows(drop);
    this.addRows(this.counts, { batch, firstRow, tags, drop, kept });
    const { sources: _, ...own } = selectTags(tags, kept);
    this.patterns.add(own, stage.utility(batch, kept));
    this.verdicts.add(split, { drop, tags: own });
  }
}

function mergeAll(parts: Iterable<Uint8Array>, stage: Stage): Uint8Array {
  const counts = emptyCounts(shapeOf(stage));
  for (const bytes of parts) mergeCounts(counts, decodeCounts(bytes));
  return encodeCounts(counts);
}

type MergeRest = (parts: Iterable<Uint8Array>, stage: Stage) => Uint8Array;

/** A merge that needs the job's stage. */
abstract class StageMerge extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  protected stage!: Stage;

  constructor(
    protected readonly staging: string,
    private readonly mergeRest: MergeRest,
  ) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.staging);
  }

  protected readonly rest = (parts: Iterable<Uint8Array>) => this.mergeRest(parts, this.stage);
}

/** Merges what has one key: `mergeKey`. */
export class CombineKey extends StageMerge {
  async *process(group: KV<string, Iterable<Uint8Array>>) {
    yield await mergeKey(this.staging, group, this.stage, this.rest);
  }
}

/** Puts the results of all keys together: `mergeMerged`. */
export class MergeKeys extends StageMerge {
  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    yield mergeMerged(value, this.rest);
  }
}

/** What the pass over the splits learnt. */
export interface Counted {
  readonly counts: Counts;
  readonly ranges: readonly Located[];
}

export function decodeCounted(bytes: Uint8Array): Counted {
  const { ranges, rest } = decodeMerged(bytes);
  return { ranges, counts: decodeCounts(rest[0]) };
}

/** Config: the staging folder. One encoded Counts a bundle, in pieces, and its patterns by range; leaves verdicts of each split in the folder. */
export const count = registerDoFn('m4-balance.count', (staging: string) => new Count(staging));
/** Config: the staging folder. Merges one key. */
export const combineCounts = registerDoFn(
  'm4-balance.count.combine',
  (staging: string) => new CombineKey(staging, mergeAll),
);
/** Config: the staging folder. */
export const mergeAllCounts = registerDoFn(
  'm4-balance.count.merge',
  (staging: string) => new MergeKeys(staging, mergeAll),
);
