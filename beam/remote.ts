/** Runners outside this process, loaded when first used: gRPC takes longer to load than a small run on the direct runner takes. */
import type { LoopbackPool } from './loopback.js';
import type { runPortable as run } from './portable-runner.js';

export type { LoopbackPool } from './loopback.js';
export type { JobOptions } from './portable-runner.js';

/** Builds a pipeline and runs it on the runner behind a job service; see portable-runner.ts. */
export async function runPortable(...job: Parameters<typeof run>): ReturnType<typeof run> {
  return (await import('./portable-runner.js')).runPortable(...job);
}

/** Serves workers of this process to a runner; see loopback.ts. */
export async function startLoopbackPool(): Promise<LoopbackPool> {
  return (await import('./loopback.js')).startLoopbackPool();
}
