/** Runners outside this process, loaded when first used: gRPC takes longer to load than a small run on the direct runner takes. */
import type { runPortable as run } from './portable-runner.js';
import type { startWorkerPool as startPool } from './worker-pool.js';

export type { JobOptions } from './portable-runner.js';
export type { WorkerPool } from './worker-pool.js';

/** Builds a pipeline and runs it on the runner behind a job service; see portable-runner.ts. */
export async function runPortable(...job: Parameters<typeof run>): ReturnType<typeof run> {
  return (await import('./portable-runner.js')).runPortable(...job);
}

/** Serves workers to a runner that can reach this machine; see worker-pool.ts. */
export async function startWorkerPool(...options: Parameters<typeof startPool>): ReturnType<typeof startPool> {
  return (await import('./worker-pool.js')).startWorkerPool(...options);
}
