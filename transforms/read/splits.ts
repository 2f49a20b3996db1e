/** Beam: one impulse becomes the splits of the job's plan. */
import { DoFn, registerDoFn, structuredCoder } from '../../beam/index.js';
import type { Split } from '../../schemas/split.js';
import { loadJob } from './job.js';
import { splitsOf } from './plan.js';

export const splitCoder = structuredCoder<Split>('m4-balance:coder:split:v1');

class Splits extends DoFn<Uint8Array, Split> {
  constructor(private readonly staging: string) {
    super();
  }

  async *process(_: Uint8Array) {
    yield* splitsOf((await loadJob(this.staging)).plan);
  }
}

/** Config: the staging folder. */
export const splits = registerDoFn('m4-balance.splits', (staging: string) => new Splits(staging));
