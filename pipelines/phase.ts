/**
 * A phase: one Beam job whose result is one file in the staging folder. Where the file is there already, the job is not run again.
 *
 * Partial results are merged twice: those of one key by one worker each, then what that leaves by one. They travel in pieces, so that
 * no element is large. The file is written whole, behind a grouping: a worker that repeats it writes the same again.
 */
import {
  bytesCoder,
  cutPieces,
  DoFn,
  type DoFnRef,
  type Flow,
  groupByKey,
  instantiate,
  joinPieces,
  type KV,
  kvCoder,
  type ProcessContext,
  type Root,
  registerDoFn,
  structuredCoder,
} from '../beam/index.js';
import { storageFor } from '../storage/index.js';
import { saveBytes, workPath } from '../transforms/read/job.js';
import { collect } from './collect.js';
import type { RunContext } from './hooks.js';

/** Merges the whole values of one key; is given none where the phase found nothing. */
export type Reduce = DoFnRef<KV<string, Iterable<Uint8Array>>, Uint8Array>;

/** Gives a Reduce the whole values of a group of pieces. */
abstract class Whole<C, O> extends DoFn<KV<string, Iterable<Uint8Array>>, O> {
  private readonly reduce: DoFn<KV<string, Iterable<Uint8Array>>, Uint8Array>;

  constructor(
    protected readonly config: C,
    reduce: Reduce,
  ) {
    super();
    this.reduce = instantiate(reduce);
  }

  override setup() {
    return this.reduce.setup?.();
  }

  protected async *merged({ key, value }: KV<string, Iterable<Uint8Array>>, ctx: ProcessContext) {
    yield* (await this.reduce.process({ key, value: joinPieces(value) }, ctx)) ?? [];
  }
}

class Combine extends Whole<Reduce, Uint8Array> {
  async *process(group: KV<string, Iterable<Uint8Array>>, ctx: ProcessContext) {
    for await (const bytes of this.merged(group, ctx)) yield* cutPieces(bytes);
  }
}

interface SaveConfig {
  readonly reduce: Reduce;
  readonly path: string;
}

class Save extends Whole<SaveConfig, never> {
  async process(group: KV<string, Iterable<Uint8Array>>, ctx: ProcessContext) {
    for await (const bytes of this.merged(group, ctx)) await saveBytes(this.config.path, bytes);
  }
}

/** Save emits nothing; a ParDo has an output all the same. */
const nothingCoder = structuredCoder<never>('m4-balance:coder:nothing:v1');

const combine = registerDoFn('m4-balance.combine', (reduce: Reduce) => new Combine(reduce, reduce));
const save = registerDoFn('m4-balance.save', (config: SaveConfig) => new Save(config, config.reduce));

/** The coder of partial results by key. */
export const partialCoder = kvCoder(bytesCoder);

export interface Phase {
  /** Of the work file, and before the names of its transforms. */
  readonly name: string;
  /** What is being done, for a person. */
  readonly title: string;
  /** Rows that the phase passes, for progress; its DoFns count them in the counter `rows`. */
  readonly rows: number;
  /** Partial results in pieces (`cutPieces`), by the key under which they are merged first. */
  readonly build: (root: Root) => Flow<KV<string, Uint8Array>>;
  /** Merges the partial results of one key; left out: as `reduce` does. */
  readonly combine?: Reduce;
  /** Merges what `combine` yields; yields one value. */
  readonly reduce: Reduce;
}

/** Name of the counter of rows passed in every DoFn that reads. */
export const ROWS_COUNTER = 'rows';

/** The phase's whole pipeline: its steps, their results merged, and the file. */
export function phaseGraph(staging: string, phase: Phase): (root: Root) => void {
  return (root) => {
    const { name, reduce } = phase;
    const merged = groupByKey(`${name}: by key`, phase.build(root)).parDo(
      `${name}: combine`,
      combine(phase.combine ?? reduce),
      { coder: bytesCoder },
    );
    const path = workPath(staging, name);
    collect(root, name, merged).parDo(`${name}: save`, save({ reduce, path }), { coder: nothingCoder });
  };
}

/** The reduced result of the phase, from this run or an earlier one that was interrupted later. */
export async function runPhase({ staging, job, runner, hooks }: RunContext, phase: Phase): Promise<Uint8Array> {
  const path = workPath(staging, phase.name);
  const storage = storageFor(path);
  if (await storage.exists(path)) hooks.onLog?.('info', `${phase.title}: done before`);
  else {
    const report = (counters: ReadonlyMap<string, number>) =>
      hooks.onProgress?.({ phase: phase.title, rows: counters.get(ROWS_COUNTER) ?? 0, total: phase.rows, counters });
    report(new Map());
    const result = await runner.run(phaseGraph(staging, phase), {
      jobName: jobNameOf(job.run, phase.name),
      onProgress: report,
      onMessage: (text) => hooks.onLog?.('info', `${runner.name}: ${text}`),
      ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    });
    report(result.counters);
  }
  return storage.readAll(path);
}

/** The same for the same phase of the same run, in the letters that every runner takes. */
export function jobNameOf(run: string, phase: string): string {
  return `m4-balance-${run}-${phase}`.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-');
}
