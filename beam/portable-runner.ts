import './sdk.js';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import { ArtifactStagingServiceClient } from 'apache-beam/proto/beam_artifact_api.client';
import { JobServiceClient } from 'apache-beam/proto/beam_job_api.client';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';
import type { Root } from 'apache-beam/pvalue';
import type { RunOptions, RunResult } from './direct-runner.js';
import { channelCredentials, channelOptions } from './grpc.js';
import { followJob, type Job, JobState } from './job.js';
import { JobError } from './job-error.js';
import { type JobSpec, jobRequest } from './job-request.js';
import { countersOf, distributionsOf } from './metrics.js';

/** Where and how to run a job. */
export interface JobOptions extends JobSpec {
  /** `host:port` of a job service: Flink's, Prism, or Python's for Dataflow. */
  readonly jobEndpoint: string;
  /** A job whose state and metrics stay the same for this long is cancelled; left out: never. */
  readonly stallMs?: number;
  /** Asked now and then: which worker the job has lost, so that it is cancelled. */
  readonly lostWorker?: () => string | undefined;
  /** Time between two questions to the service, at most. */
  readonly pollMs?: number;
}

const transportTo = (host: string): GrpcTransport =>
  new GrpcTransport({ host, channelCredentials, clientOptions: channelOptions });

/** Builds a pipeline and submits it. Resolves when the runner has accepted the job; the caller closes it. */
export async function submitJob(
  build: (root: Root) => void,
  options: JobOptions & Pick<RunOptions, 'onMessage'>,
): Promise<Job & { close(): void }> {
  const request = jobRequest(build, options);
  const transport = transportTo(options.jobEndpoint);
  try {
    const client = new JobServiceClient(transport);
    const { preparationId, artifactStagingEndpoint, stagingSessionToken } = await client.prepare(request).response;
    if (artifactStagingEndpoint !== undefined) await stageNothing(artifactStagingEndpoint.url, stagingSessionToken);
    const { jobId } = await client.run({ preparationId, retrievalToken: '' }).response;
    return { ...followJob(client, jobId, options.onMessage), close: () => transport.close() };
  } catch (error) {
    transport.close();
    throw error;
  }
}

/**
 * Runs a pipeline on a real runner, as `runDirect` does in this process. Rejects with a JobError, which has the job's last
 * messages, unless it ends as DONE. The signal cancels the job, and so does `stallMs`: runners may hang when their workers die at
 * the start.
 */
export async function runPortable(build: (root: Root) => void, options: JobOptions & RunOptions): Promise<RunResult> {
  const { signal, onProgress, stallMs, lostWorker, pollMs, jobName } = options;
  signal?.throwIfAborted();
  const job = await submitJob(build, options);
  const name = `the job ${jobName ?? job.id}`;
  const hasStalled = stallMs === undefined ? undefined : stallWatch(stallMs);
  // A template job of Dataflow has no metrics, and some services fail on the question.
  const metrics = () => job.metrics().catch(() => []);
  const onPoll = async () => {
    const infos = await metrics();
    onProgress?.(countersOf(infos));
    const lost = lostWorker?.();
    if (lost !== undefined) throw new JobError(`${name} was cancelled: ${lost}`, job.messages());
    if (hasStalled?.([await job.state(), job.messages().length, infos])) {
      throw new JobError(`${name} made no progress for ${stallMs! / 1000} s and was cancelled`, job.messages());
    }
  };
  try {
    const state = await job.wait({
      ...(onProgress || hasStalled || lostWorker ? { onPoll } : {}),
      ...(signal === undefined ? {} : { signal }),
      ...(pollMs === undefined ? {} : { pollMs }),
    });
    if (state !== JobState.DONE) throw new JobError(`${name} ended as ${JobState[state]}`, job.messages());
    const infos = await metrics();
    return { counters: countersOf(infos), distributions: distributionsOf(infos) };
  } catch (error) {
    if (!job.isOver()) await job.cancel().catch(() => undefined);
    throw error;
  } finally {
    job.close();
  }
}

/** Tells whether what it is shown has been the same for too long. */
function stallWatch(stallMs: number): (seen: readonly [JobState, number, readonly MonitoringInfo[]]) => boolean {
  let last = '';
  let since = performance.now();
  return ([state, messages, infos]) => {
    const payloads = infos.map(({ payload }) => Buffer.from(payload).toString('base64')).sort();
    const now = [state, messages, ...payloads].join();
    if (now !== last) {
      last = now;
      since = performance.now();
    }
    return performance.now() - since > stallMs;
  };
}

/**
 * The staging handshake with no artifacts. It is over with the call's status: a runner with nothing to stage answers with
 * trailers only, and `await call` (the SDK) waits for headers that never come.
 */
async function stageNothing(endpoint: string, stagingToken: string): Promise<void> {
  const transport = transportTo(endpoint);
  try {
    const call = new ArtifactStagingServiceClient(transport).reverseArtifactRetrievalService();
    for (const part of [call.headers, call.trailers]) part.catch(() => undefined);
    call.responses.onMessage(({ request }) => {
      if (request.oneofKind !== 'resolveArtifact') return;
      const resolveArtifactResponse = { replacements: request.resolveArtifact.artifacts };
      const response = { oneofKind: 'resolveArtifactResponse' as const, resolveArtifactResponse };
      void call.requests.send({ stagingToken, isLast: false, response });
    });
    await call.requests.send({ stagingToken, isLast: false, response: { oneofKind: undefined } });
    await call.status;
  } finally {
    transport.close();
  }
}
