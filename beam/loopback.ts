import './sdk.js';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type {
  StartWorkerRequest,
  StartWorkerResponse,
  StopWorkerRequest,
  StopWorkerResponse,
} from 'apache-beam/proto/beam_fn_api';
import { beamFnExternalWorkerPoolDefinition } from 'apache-beam/proto/beam_fn_api.grpc-server';
import { Worker } from './worker.js';

/** Workers in this process, for a runner that can reach it. They share one thread. */
export interface LoopbackPool {
  /** `host:port`, for the external environment. */
  readonly address: string;
  /** Ends all workers. */
  stop(): void;
}

/** Opens a pool on a free port of this machine. */
export async function startLoopbackPool(): Promise<LoopbackPool> {
  const workers = new Set<Worker>();
  const server = new Server();
  server.addService(beamFnExternalWorkerPoolDefinition, {
    startWorker(
      { request }: ServerUnaryCall<StartWorkerRequest, StartWorkerResponse>,
      callback: sendUnaryData<StartWorkerResponse>,
    ) {
      const controlUrl = request.controlEndpoint?.url;
      if (controlUrl === undefined) return callback(null, { error: 'no control endpoint' });
      const worker = new Worker(request.workerId, { controlUrl });
      workers.add(worker);
      const forget = () => workers.delete(worker);
      worker.wait().then(forget, forget);
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
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('localhost:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `localhost:${port}`,
    stop() {
      for (const worker of workers) worker.stop();
      server.forceShutdown();
    },
  };
}
