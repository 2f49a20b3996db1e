/** Beam: the distinct strings of list columns, which become labels. */
import { deserialize, serialize } from 'node:v8';
import { type BundleContext, cutPieces, DoFn, type KV, registerDoFn, registerMerge } from '../../beam/index.js';
import type { LabelConfig } from '../../schemas/config.js';
import type { Split } from '../../schemas/split.js';
import { loadJob } from '../read/job.js';
import { loadLosses } from '../read/losses.js';
import { createReader, isUnreadable, type Reader } from '../read/reader.js';
import { addVocabulary, createVocabularyCounter, topVocabulary, type VocabularyCounter } from './vocabulary.js';

type ListLabel = Extract<LabelConfig, { list: string }>;

/** The label rules that name a list column whose labels must be found. */
export function wantedLists(labels: readonly LabelConfig[]): ListLabel[] {
  return labels.filter((label): label is ListLabel => 'list' in label && label.names === undefined);
}

type Wire = readonly (readonly [column: string, counts: Map<string, number>])[];

/** Strings are counted up by this many workers at once, each having all counts of its own. Ours. */
const RANGES = 16;

function rangeOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) ^ (hash >>> 15);
  return (hash >>> 0) % RANGES;
}

/** Some counts by range. */
function byRange(counts: ReadonlyMap<string, number>): Map<string, number>[] {
  const ranges = Array.from({ length: RANGES }, () => new Map<string, number>());
  for (const [name, count] of counts) ranges[rangeOf(name)].set(name, count);
  return ranges;
}

/** The counts of every column together. */
function addUp(parts: Iterable<Uint8Array>): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const bytes of parts) {
    for (const [column, some] of deserialize(new Uint8Array(bytes)) as Wire) {
      const known = counts.get(column);
      if (known === undefined) counts.set(column, some);
      else addVocabulary(known, some);
    }
  }
  return counts;
}

class ListedLabels extends DoFn<Split, KV<string, Uint8Array>> {
  private reader!: Reader;
  private lists!: readonly ListLabel[];
  private counters!: Map<string, VocabularyCounter>;

  constructor(private readonly staging: string) {
    super();
  }

  override async setup() {
    const job = await loadJob(this.staging);
    this.lists = wantedLists(job.config.labels);
    const columns = this.lists.map(({ list }) => list);
    this.reader = createReader(job.plan, { columns, losses: await loadLosses(this.staging) });
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
    const counted = [...this.counters].map(([column, counter]) => [column, byRange(counter.counts())] as const);
    for (let range = 0; range < RANGES; range++) {
      const wire: Wire = counted.map(([column, ranges]) => [column, ranges[range]]);
      if (wire.every(([, counts]) => counts.size === 0)) continue;
      for (const value of cutPieces(serialize(wire))) yield { key: String(range), value };
    }
  }
}

/** Config: the staging folder. The counts of a bundle, by range of the strings, in pieces. */
export const listedLabels = registerDoFn('m4-balance.labels', (staging: string) => new ListedLabels(staging));
/** Config: the staging folder. Merges one range, and leaves of it what can still be a label: its counts are complete. */
export const combineListed = registerMerge('m4-balance.labels.combine', loadJob, (parts, { config }) => {
  const all = addUp(parts);
  const left = new Map<string, Map<string, number>>();
  for (const { list, minimumCount, maximum } of wantedLists(config.labels)) {
    const counts = all.get(list) ?? new Map<string, number>();
    const top = topVocabulary(counts, minimumCount, maximum);
    left.set(list, new Map(top.map((name) => [name, counts.get(name)!])));
  }
  return new Uint8Array(serialize([...left] satisfies Wire));
});
/** Config: the staging folder. Gives the vocabularies as JSON: column, labels by falling count. */
export const mergeListed = registerMerge('m4-balance.labels.merge', loadJob, (parts, { config }) => {
  const counts = addUp(parts);
  const vocabularies = wantedLists(config.labels).map(({ list, minimumCount, maximum }) => [
    list,
    topVocabulary(counts.get(list) ?? new Map(), minimumCount, maximum),
  ]);
  return Buffer.from(JSON.stringify(Object.fromEntries(vocabularies)));
});
