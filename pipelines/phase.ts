/** A phase: one Beam job whose result is one small file in the staging folder. Where the file is there already, the job is not run again. */
import {
  bytesCoder,
  DoFn,
  type DoFnRef,
  type Flow,
  type KV,
  type Root,
  registerDoFn,
  structuredCoder,
} from '../beam/index.js';
import { storageFor } from '../storage/index.js';
import { saveBytes, workPath } from '../transforms/read/job.js';
import { collect } from './collect.js';
import type { RunContext } from './hooks.js';

/** Puts the partial results of a phase together; is given at least one element, whose values may include empty bytes. */
export type Reduce = DoFnRef<KV<string, Iterable<Uint8Array>>, Uint8Array>;

class Save extends DoFn<Uint8Array, never> {
  constructor(private readonly path: string) {
    super();
  }

  async process(bytes: Uint8Array) {
    await saveBytes(this.path, bytes);
  }
}

/** Save emits nothing; a ParDo has an output all the same. */
const nothingCoder = structuredCoder<never>('m4-balance:coder:nothing:v1');

const save = registerDoFn('m4-balance.save', (path: string) => new Save(path));

export interface Phase {
  /** Of the work file, and before the names of its transforms. */
  readonly name: string;
  /** What is being done, for a person. */
  readonly title: string;
  /** Rows that the phase passes, for progress; its DoFns count them in the counter `rows`. */
  readonly rows: number;
  readonly build: (root: Root) => Flow<Uint8Array>;
  readonly reduce: Reduce;
}

/** Name of the counter of rows passed in every DoFn that reads. */
export const ROWS_COUNTER = 'rows';

/** The phase's whole pipeline: its steps, their results merged, and the file. */
export function phaseGraph(staging: string, phase: Phase): (root: Root) => void {
  return (root) => {
    collect(root, phase.name, phase.build(root))
      .parDo(`${phase.name}: merge`, phase.reduce, { coder: bytesCoder })
      .parDo(`${phase.name}: save`, save(workPath(staging, phase.name)), { coder: nothingCoder });
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
