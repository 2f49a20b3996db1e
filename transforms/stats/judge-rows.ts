/** Beam: splits become counts of rows by truth and tag, merged by key and then all together. */
import { registerDoFn, registerMerge } from '../../beam/index.js';
import { hardened } from '../../schemas/tags.js';
import { CountSplits } from '../read/count-splits.js';
import { type Unreadable, unreadableRows } from '../read/losses.js';
import type { Examples } from '../read/reader.js';
import { openStage } from '../tag/stage.js';
import { addConfusions, type Confusions, emptyConfusions, type Judged, mergeConfusions } from './confusion.js';
import type { SliceValues } from './slice-value.js';
import { createSlices } from './slices.js';

/** What the pass counts. */
export interface Judgement {
  readonly confusions: Confusions;
  /** Rows by drop code, [reasons + 1]: code 0 passed. */
  readonly drops: number[];
  readonly unreadable: Unreadable[];
}

/** The attribute, among the tagger's, that is the truth of another. */
export const truthName = (attribute: string) => `truth_${attribute}`;

export interface JudgeConfig {
  readonly staging: string;
  /** Attributes whose truth is known. */
  readonly attributes: readonly string[];
}

/** The job of a staging folder, opened for an evaluation. */
export async function openJudge({ staging, attributes }: JudgeConfig) {
  let slices: SliceValues[] = [];
  const stage = await openStage(staging, {
    columns: async ({ config, columns }, names) => {
      slices = createSlices(config.stats!.slices, columns, names);
      for (const slice of slices) await slice.prepare?.();
      return slices.flatMap((slice) => slice.columns);
    },
  });
  const { names, job } = stage;
  const judged: Judged[] = attributes.map((name) => ({
    tag: names.attributes.indexOf(name),
    truth: names.attributes.indexOf(truthName(name)),
  }));
  return { stage, slices, judged, limit: job.config.stats!.values };
}

type Judge = Awaited<ReturnType<typeof openJudge>>;

export function emptyJudgement({ stage, slices, judged }: Judge): Judgement {
  return {
    confusions: emptyConfusions(judged.length, slices.length),
    drops: Array.from({ length: stage.reasons.length + 1 }, () => 0),
    unreadable: [],
  };
}

/** Canonical. */
export function encodeJudgement({ confusions, drops, unreadable }: Judgement): Uint8Array {
  const { attributes, whole, slicings } = confusions;
  const told = slicings.map((byValue) =>
    [...byValue].sort(([a], [b]) => (a < b ? -1 : 1)).map(([value, cells]) => [value, [...cells]]),
  );
  return Buffer.from(JSON.stringify({ attributes, whole: [...whole], slicings: told, drops, unreadable }));
}

function decodeJudgement(bytes: Uint8Array): Judgement {
  const { attributes, whole, slicings, drops, unreadable } = JSON.parse(new TextDecoder().decode(bytes)) as {
    attributes: number;
    whole: number[];
    slicings: [string, number[]][][];
    drops: number[];
    unreadable: Unreadable[];
  };
  const maps = slicings.map((told) => new Map(told.map(([value, cells]) => [value, Float64Array.from(cells)])));
  return { confusions: { attributes, whole: Float64Array.from(whole), slicings: maps }, drops, unreadable };
}

/** Adds an encoded judgement of the same shape to `into`. */
export function addJudgement(into: Judgement, bytes: Uint8Array, limit: number): void {
  const from = decodeJudgement(bytes);
  mergeConfusions(into.confusions, from.confusions, limit);
  from.drops.forEach((rows, code) => {
    into.drops[code]! += rows;
  });
  into.unreadable.push(...from.unreadable);
  into.unreadable.sort((a, b) => a.firstRow - b.firstRow);
}

/** Rows that were read: passed, dropped, and not readable. */
export function rowsRead({ drops, unreadable }: Judgement): number {
  return drops.reduce((a, b) => a + b, 0) + unreadableRows(unreadable);
}

class JudgeRows extends CountSplits {
  private judge!: Judge;
  private judgement!: Judgement;
  private readonly decoder = new TextDecoder();

  constructor(private readonly config: JudgeConfig) {
    super();
  }

  override async setup() {
    this.judge = await openJudge(this.config);
  }

  protected reader() {
    return this.judge.stage.reader;
  }

  protected begin() {
    this.judgement = emptyJudgement(this.judge);
  }

  protected lost(rows: Unreadable) {
    this.judgement.unreadable.push(rows);
  }

  protected encoded() {
    return encodeJudgement(this.judgement);
  }

  protected add({ batch, firstRow }: Examples): void {
    const { stage, slices } = this.judge;
    const { confusions, drops } = this.judgement;
    const drop = stage.drop(batch, firstRow);
    const tags = hardened(stage.tag(batch));
    for (const code of drop) drops[code]!++;
    for (const slice of slices) slice.begin(batch, tags);
    const sliceOf = (s: number, row: number) => {
      const slice = slices[s]!;
      return slice.find(row) ? this.decoder.decode(slice.bytes.subarray(slice.start, slice.end)) : '';
    };
    addConfusions(confusions, this.judge.judged, tags, drop, sliceOf, this.judge.limit);
  }
}

/** One encoded Judgement a bundle, in pieces. */
export const judgeRows = registerDoFn('m4-balance.stats.judge', (config: JudgeConfig) => new JudgeRows(config));
export const mergeJudged = registerMerge('m4-balance.stats.judge.merge', openJudge, (parts, judge) => {
  const all = emptyJudgement(judge);
  for (const bytes of parts) addJudgement(all, bytes, judge.limit);
  return encodeJudgement(all);
});
