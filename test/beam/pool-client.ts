import '../../beam/node-util.js';
import 'apache-beam';
import { Client, credentials } from '@grpc/grpc-js';
import {
  StartWorkerRequest,
  type StartWorkerResponse,
  StopWorkerRequest,
  type StopWorkerResponse,
} from 'apache-beam/proto/beam_fn_api';
import { beamFnExternalWorkerPoolDefinition } from 'apache-beam/proto/beam_fn_api.grpc-server';

/** What a task manager asks of a worker pool. */
export function poolClient(address: string) {
  const client = new Client(address, credentials.createInsecure());
  const { startWorker, stopWorker } = beamFnExternalWorkerPoolDefinition as any;
  const call = <I, O>(method: any, request: I): Promise<O> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error: Error | null, response: unknown) => (error ? reject(error) : resolve(response as O)),
      );
    });
  return {
    start: (request: Partial<StartWorkerRequest>): Promise<StartWorkerResponse> =>
      call(startWorker, StartWorkerRequest.create(request)),
    stop: (workerId: string): Promise<StopWorkerResponse> => call(stopWorker, StopWorkerRequest.create({ workerId })),
    close: () => client.close(),
  };
}
