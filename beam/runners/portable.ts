import '../sdk.js';
import type { RunnerConfig } from '../../schemas/runner.js';
import { JobError } from '../job-error.js';
import type { JsonValue } from '../job-request.js';
import { runPortable } from '../portable-runner.js';
import type { Runner } from './runner.js';
import { watchWorkers } from './worker-watch.js';
import { openWorkers } from './workers.js';

export interface PortableOptions {
  /** `host:port` of the job service. */
  readonly endpoint: string;
  /** The runner's own options, under those of the configuration. */
  readonly pipelineOptions?: Readonly<Record<string, JsonValue>>;
  /** The runner is on this machine, and does not replace a worker that has ended. */
  readonly losesWorkers?: boolean;
  /** Workers that the runner has on this machine at a time; 1 by default. */
  readonly workersAtOnce?: number;
}

/** The runner behind the job service at `config.endpoint`, which the configuration's check has seen to be there. */
export function openJobService(config: RunnerConfig): Promise<Runner> {
  return openPortable(config, { endpoint: config.endpoint! });
}

const THIS_MACHINE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):/;

/**
 * Flink. By itself it gives all bundles of a TaskManager to one worker, which has one thread; 0 lets it choose by its cores.
 * See Beam's PortablePipelineOptions, sdkWorkerParallelism.
 */
export function openFlink(config: RunnerConfig): Promise<Runner> {
  const endpoint = config.endpoint!;
  const here = THIS_MACHINE.test(endpoint);
  const sdkWorkerParallelism = config.workersPerMachine ?? (here ? config.parallelism : 0);
  return openPortable(config, {
    endpoint,
    pipelineOptions: { sdkWorkerParallelism },
    workersAtOnce: here ? sdkWorkerParallelism : 1,
  });
}

/** A runner behind a job service that is there: Flink's, Prism's, Python's. */
export async function openPortable(
  config: RunnerConfig,
  { endpoint, pipelineOptions, losesWorkers = false, workersAtOnce = 1 }: PortableOptions,
): Promise<Runner> {
  const { name } = config;
  const workers = await openWorkers(config, { onThisMachine: losesWorkers, atOnce: workersAtOnce });
  return {
    name,
    async run(build, options) {
      try {
        return await runPortable(build, {
          ...options,
          jobEndpoint: endpoint,
          environment: workers.environment,
          pipelineOptions: { parallelism: config.parallelism, ...pipelineOptions, ...config.options },
          stallMs: config.timeout * 1000,
          ...(losesWorkers && workers.census ? { lostWorker: watchWorkers(workers.census) } : {}),
        });
      } catch (error) {
        if (!isRpcError(error)) throw error;
        throw new JobError(`${name}: the job service at ${endpoint} fails (${error.code})`, [error.message], {
          cause: error,
        });
      }
    },
    close: workers.close,
  };
}

/** An error of protobuf-ts, whose package is no dependency of ours. */
function isRpcError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === 'RpcError';
}
