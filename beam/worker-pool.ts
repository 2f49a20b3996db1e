import './sdk.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type {
  StartWorkerRequest,
  StartWorkerResponse,
  StopWorkerRequest,
  StopWorkerResponse,
} from 'apache-beam/proto/beam_fn_api';
import { beamFnExternalWorkerPoolDefinition } from 'apache-beam/proto/beam_fn_api.grpc-server';
import { Worker } from './worker.js';
import { WORKER_ENTRY } from './worker-entry-path.js';

/** Serves workers to a runner that can reach this machine. */
export interface WorkerPool {
  /** `host:port`, for the external environment. */
  readonly address: string;
  /** Workers that serve a runner now. */
  workers(): number;
  /** Every worker so far, in a few words, and whether it is still there. */
  census(): ReadonlyMap<string, boolean>;
  /** Ends all workers, and resolves when they are gone. */
  stop(): Promise<void>;
}

interface PooledWorker {
  readonly name: string;
  /** Settles when the worker has ended, well or not. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

type StartWorker = (request: StartWorkerRequest & { readonly controlUrl: string }) => PooledWorker;

export interface WorkerPoolOptions {
  /** Name or address to listen on; this machine only by default. */
  readonly host?: string;
  /** A free one by default. */
  readonly port?: number;
  readonly start: StartWorker;
}

/** Workers on the thread of this process: nothing to start, and no more than one of them at work at a time. */
export const inThisProcess: StartWorker = ({ workerId, controlUrl }) => {
  const worker = new Worker(workerId, { controlUrl });
  return { name: `worker ${workerId}`, ended: worker.wait().catch(() => undefined), stop: () => worker.stop() };
};

/** Time between asking a worker process to end and killing it. */
const KILL_MS = 2000;

/**
 * A process for each worker.
 * @param modules that each imports, beside those that its runner names
 * @param env is set for them, beside the variables of this process
 */
export function asProcesses(modules: readonly string[], env: NodeJS.ProcessEnv = {}): StartWorker {
  return ({ workerId, controlUrl, loggingEndpoint, provisionEndpoint }) => {
    const options = JSON.stringify({ registered_node_modules: modules });
    const flags = [`--id=${workerId}`, `--control_endpoint=${controlUrl}`, `--options=${options}`];
    if (loggingEndpoint !== undefined) flags.push(`--logging_endpoint=${loggingEndpoint.url}`);
    if (provisionEndpoint !== undefined) flags.push(`--provision_endpoint=${provisionEndpoint.url}`);
    // The channel tells the worker when this process is gone, however it ended.
    const child = spawn(process.execPath, [...process.execArgv, WORKER_ENTRY, ...flags], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    return { name: `worker process ${child.pid}`, ended: endOf(child), stop: () => endProcess(child) };
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

function endProcess(child: ChildProcess): void {
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
  child.once('exit', () => clearTimeout(timer));
}

/** Opens a pool. Rejects where the port is taken. */
export async function startWorkerPool({ host = 'localhost', port = 0, start }: WorkerPoolOptions): Promise<WorkerPool> {
  const workers = new Set<PooledWorker>();
  const census = new Map<string, boolean>();
  const server = new Server();
  server.addService(beamFnExternalWorkerPoolDefinition, {
    startWorker(
      { request }: ServerUnaryCall<StartWorkerRequest, StartWorkerResponse>,
      callback: sendUnaryData<StartWorkerResponse>,
    ) {
      const controlUrl = request.controlEndpoint?.url;
      if (controlUrl === undefined) return callback(null, { error: 'no control endpoint' });
      const worker = start({ ...request, controlUrl });
      workers.add(worker);
      census.set(worker.name, true);
      void worker.ended.then(() => {
        workers.delete(worker);
        census.set(worker.name, false);
      });
      callback(null, { error: '' });
    },
    // Acknowledged and ignored: two Flink task managers hand out the same ids, so this could end the other one's worker. Every
    // worker ends when its runner hangs up.
    stopWorker(
      _call: ServerUnaryCall<StopWorkerRequest, StopWorkerResponse>,
      callback: sendUnaryData<StopWorkerResponse>,
    ) {
      callback(null, { error: '' });
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, free) =>
      error === null ? resolve(free) : reject(error),
    );
  });
  return {
    address: `${host}:${bound}`,
    workers: () => workers.size,
    census: () => census,
    async stop() {
      server.forceShutdown();
      const ends = [...workers].map(({ ended }) => ended);
      for (const worker of workers) worker.stop();
      await Promise.all(ends);
    },
  };
}
