import './sdk.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobMessage_MessageImportance as Importance, JobState_Enum as JobState } from 'apache-beam/proto/beam_job_api';
import type { JobServiceClient } from 'apache-beam/proto/beam_job_api.client';
import type { MonitoringInfo } from 'apache-beam/proto/metrics';

export { JobState };

const TERMINAL: ReadonlySet<JobState> = new Set([
  JobState.DONE,
  JobState.FAILED,
  JobState.CANCELLED,
  JobState.UPDATED,
  JobState.DRAINED,
]);

/** Time between two questions for the state: short at first, for short jobs (the SDK waits up to 10 s). */
const MIN_POLL_MS = 10;
const MAX_POLL_MS = 500;
/** How long the messages of a failed job may come after its state. */
const MESSAGES_MS = 500;
/** Kept of a job's warnings and errors, and shown of them. */
const MAX_MESSAGES = 200;
const SHOWN_MESSAGES = 5;

/** A job that was submitted. */
export interface Job {
  readonly id: string;
  state(): Promise<JobState>;
  /** The terminal state. `onPoll` is called between two questions for it. Rejects with the signal's reason, without cancelling. */
  wait(options?: { onPoll?: () => Promise<void>; signal?: AbortSignal }): Promise<JobState>;
  cancel(): Promise<void>;
  /** State and last warnings and errors; the state alone only says FAILED. */
  describe(): string;
  /** Metrics so far; empty where the runner has none. */
  metrics(): Promise<MonitoringInfo[]>;
}

/** Follows a job that the service knows under `id`. `onMessage` is told each warning and error as it comes. */
export function followJob(client: JobServiceClient, id: string, onMessage?: (message: string) => void): Job {
  const messages: string[] = [];
  let current = JobState.UNSPECIFIED;
  const collected = collectMessages(client, id, (message) => {
    messages.push(message);
    if (messages.length > MAX_MESSAGES) messages.shift();
    onMessage?.(message);
  });
  const state = async () => {
    if (!TERMINAL.has(current)) current = (await client.getState({ jobId: id }).response).state;
    return current;
  };
  return {
    id,
    state,
    async wait({ onPoll, signal } = {}) {
      for (let pause = MIN_POLL_MS; !TERMINAL.has(await state()); pause = Math.min(MAX_POLL_MS, pause * 1.3)) {
        await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
        await onPoll?.();
      }
      if (current !== JobState.DONE) await Promise.race([collected, sleep(MESSAGES_MS, undefined, { ref: false })]);
      return current;
    },
    async cancel() {
      await client.cancel({ jobId: id }).response;
    },
    describe: () => `job ${id} ${JobState[current]}: ${messages.slice(-SHOWN_MESSAGES).join('\n')}`,
    async metrics() {
      const { metrics } = await client.getJobMetrics({ jobId: id }).response;
      // Flink fills `attempted` only.
      return (metrics?.committed.length ? metrics.committed : metrics?.attempted) ?? [];
    },
  };
}

async function collectMessages(
  client: JobServiceClient,
  jobId: string,
  take: (message: string) => void,
): Promise<void> {
  const call = client.getMessageStream({ jobId });
  for (const part of [call.headers, call.trailers, call.status]) part.catch(() => undefined);
  try {
    for await (const { response } of call.responses) {
      if (response.oneofKind !== 'messageResponse') continue;
      const { importance, messageText } = response.messageResponse;
      if (importance < Importance.JOB_MESSAGE_WARNING) continue;
      take(messageText);
    }
  } catch {
    // Some services have no messages; the state tells how the job ended.
  }
}
