/** A job service for tests: accepts every job, and ends it as it is told. */
import '../../beam/node-util.js';
import 'apache-beam';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { ServiceType } from '@protobuf-ts/runtime-rpc';
import { ArtifactStagingService } from 'apache-beam/proto/beam_artifact_api';
import * as jobApi from 'apache-beam/proto/beam_job_api';
import { ApiServiceDescriptor } from 'apache-beam/proto/endpoints';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';

/** grpc-js's description of a protobuf-ts service. */
function definitionOf(service: ServiceType): ServiceDefinition {
  const methods = service.methods.map((method) => [
    method.localName,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.clientStreaming,
      responseStream: method.serverStreaming,
      requestSerialize: (value: object) => Buffer.from(method.I.toBinary(value)),
      requestDeserialize: (bytes: Buffer) => method.I.fromBinary(bytes),
      responseSerialize: (value: object) => Buffer.from(method.O.toBinary(value)),
      responseDeserialize: (bytes: Buffer) => method.O.fromBinary(bytes),
    },
  ]);
  return Object.fromEntries(methods);
}

export interface JobServiceOptions {
  /** States of the job, in turn; the last one stays until the job is cancelled. */
  readonly states: readonly jobApi.JobState_Enum[];
  readonly messages?: readonly string[];
  readonly attempted?: readonly MonitoringInfo[];
  /** Offers a staging endpoint, whose answer is a status without headers. */
  readonly staging?: boolean;
}

export interface JobService {
  readonly url: string;
  readonly prepared: jobApi.PrepareJobRequest[];
  /** Calls in order. */
  readonly calls: string[];
  stop(): void;
}

export async function startJobService({
  states,
  messages = [],
  attempted = [],
  staging,
}: JobServiceOptions): Promise<JobService> {
  const server = new Server();
  const prepared: jobApi.PrepareJobRequest[] = [];
  const calls: string[] = [];
  let url = '';
  let polls = 0;
  const unary =
    <I, O>(name: string, answer: (request: I) => O) =>
    (call: ServerUnaryCall<I, O>, callback: sendUnaryData<O>) => {
      calls.push(name);
      callback(null, answer(call.request));
    };
  const unimplemented = (_call: unknown, callback: sendUnaryData<never>) => callback({ code: status.UNIMPLEMENTED });
  const definition = definitionOf(jobApi.JobService);
  server.addService(definition, {
    ...Object.fromEntries(Object.keys(definition).map((name) => [name, unimplemented])),
    prepare: unary('prepare', (request: jobApi.PrepareJobRequest) => {
      prepared.push(request);
      const artifactStagingEndpoint = staging ? ApiServiceDescriptor.create({ url }) : undefined;
      return jobApi.PrepareJobResponse.create({
        preparationId: 'preparation',
        artifactStagingEndpoint,
        stagingSessionToken: 'token',
      });
    }),
    run: unary('run', () => jobApi.RunJobResponse.create({ jobId: 'job' })),
    getState: unary('getState', () => {
      const state = calls.includes('cancel')
        ? jobApi.JobState_Enum.CANCELLED
        : states[Math.min(polls++, states.length - 1)];
      return jobApi.JobStateEvent.create({ state });
    }),
    cancel: unary('cancel', () => jobApi.CancelJobResponse.create({})),
    getJobMetrics: unary('getJobMetrics', () =>
      jobApi.GetJobMetricsResponse.create({ metrics: { attempted: [...attempted], committed: [] } }),
    ),
    getMessageStream: (stream: any) => {
      const importance = jobApi.JobMessage_MessageImportance.JOB_MESSAGE_ERROR;
      for (const messageText of messages) {
        const messageResponse = jobApi.JobMessage.create({ importance, messageText });
        stream.write(
          jobApi.JobMessagesResponse.create({ response: { oneofKind: 'messageResponse', messageResponse } }),
        );
      }
      stream.end();
    },
  });
  server.addService(definitionOf(ArtifactStagingService), {
    reverseArtifactRetrievalService: (stream: any) => {
      stream.on('data', () => {
        calls.push('staging');
        stream.end();
      });
      stream.on('error', () => undefined);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('localhost:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  url = `localhost:${port}`;
  return { url, prepared, calls, stop: () => server.forceShutdown() };
}
