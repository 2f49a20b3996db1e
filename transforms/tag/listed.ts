/** Beam: the distinct strings of list columns, which become labels. */
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, DoFn, type KV, registerDoFn } from '../../beam/index.js';
import type { LabelConfig } from '../../schemas/config.js';
import type { Split } from '../../schemas/split.js';
import { type Job, loadJob } from '../read/job.js';
import { loadLosses } from '../read/losses.js';
import { createReader, isUnreadable, type Reader } from '../read/reader.js';
import { createVocabularyCounter, mergeVocabularies, topVocabulary, type VocabularyCounter } from './vocabulary.js';

type ListLabel = Extract<LabelConfig, { list: string }>;

/** The label rules that name a list column. */
export function wantedLists(labels: readonly LabelConfig[]): ListLabel[] {
  return labels.filter((label): label is ListLabel => 'list' in label);
}

type Wire = readonly (readonly [column: string, counts: Map<string, number>])[];

class ListedLabels extends DoFn<Split, Uint8Array> {
  private reader!: Reader;
  private lists!: readonly ListLabel[];
  private counters!: Map<string, VocabularyCounter>;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    const job = await loadJob(this.staging);
    this.lists = wantedLists(job.config.labels);
    this.reader = createReader(
      job.plan,
      this.lists.map((l) => l.list),
      await loadLosses(this.staging),
    );
  }

  override startBundle() {
    this.counters = new Map(this.lists.map(({ list }) => [list, createVocabularyCounter(list)]));
  }

  async process(split: Split, ctx: BundleContext) {
    for await (const piece of this.reader.split(split)) {
      if (isUnreadable(piece)) ctx.counter('rows', piece.rows);
      else {
        for (const counter of this.counters.values()) counter.add(piece.batch);
        ctx.counter('rows', piece.batch.numRows);
      }
    }
  }

  override *finishBundle() {
    const wire: Wire = [...this.counters].map(([column, counter]) => [column, counter.counts()]);
    yield new Uint8Array(serialize(wire));
  }
}

class MergeListed extends DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array> {
  private job!: Job;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    this.job = await loadJob(this.staging);
  }

  *process({ value }: KV<string, Iterable<Uint8Array>>) {
    const counts = new Map<string, ReadonlyMap<string, number>>();
    for (const bytes of value) {
      if (bytes.length === 0) continue;
      for (const [column, some] of deserialize(new Uint8Array(bytes)) as Wire) {
        counts.set(column, mergeVocabularies(counts.get(column) ?? new Map(), some));
      }
    }
    const vocabularies = wantedLists(this.job.config.labels).map(({ list, minimumCount, maximum }) => [
      list,
      topVocabulary(counts.get(list) ?? new Map(), minimumCount, maximum),
    ]);
    yield Buffer.from(JSON.stringify(Object.fromEntries(vocabularies)));
  }
}

/** Config: the staging folder. */
export const listedLabels = registerDoFn('m4-balance.labels', (staging: string) => new ListedLabels(staging));
/** Config: the staging folder. Yields the vocabularies as JSON: column, labels by falling count. */
export const mergeListed = registerDoFn('m4-balance.labels.merge', (staging: string) => new MergeListed(staging));
