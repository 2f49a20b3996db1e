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
/** Kept of a job's warnings and errors. */
const MAX_MESSAGES = 200;

/** How long a cancelled job may take to end. */
const CANCEL_MS = 15_000;

export interface WaitOptions {
  onPoll?: () => Promise<void>;
  readonly signal?: AbortSignal;
  /** Time between two questions for the state, at most. */
  readonly pollMs?: number;
}

/** A job that was submitted. */
export interface Job {
  readonly id: string;
  state(): Promise<JobState>;
  /** The terminal state. `onPoll` is called between two questions for it. Rejects with the signal's reason, without cancelling. */
  wait(options?: WaitOptions): Promise<JobState>;
  /** Whether the last state that was heard of is a terminal one. */
  isOver(): boolean;
  /** Asks for the end of the job, and waits for it a while. */
  cancel(): Promise<void>;
  /** The last warnings and errors: the state alone only says FAILED. */
  messages(): readonly string[];
  /** Metrics so far; empty where the runner has none. */
  metrics(): Promise<MonitoringInfo[]>;
}

/** Follows a job that the service knows under `id`. `onMessage` is given its warnings and errors. */
export function followJob(client: JobServiceClient, id: string, onMessage?: (text: string) => void): Job {
  const messages: string[] = [];
  let current = JobState.UNSPECIFIED;
  const collected = collectMessages(client, id, (text) => {
    messages.push(text);
    if (messages.length > MAX_MESSAGES) messages.shift();
    onMessage?.(text);
  });
  const state = async () => {
    if (!TERMINAL.has(current)) current = (await client.getState({ jobId: id }).response).state;
    return current;
  };
  const wait = async ({ onPoll, signal, pollMs = MAX_POLL_MS }: WaitOptions = {}) => {
    for (let pause = MIN_POLL_MS; !TERMINAL.has(await state()); pause = Math.min(pollMs, pause * 1.3)) {
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
      await onPoll?.();
    }
    if (current !== JobState.DONE) await Promise.race([collected, sleep(MESSAGES_MS, undefined, { ref: false })]);
    return current;
  };
  return {
    id,
    state,
    wait,
    isOver: () => TERMINAL.has(current),
    async cancel() {
      await client.cancel({ jobId: id }).response;
      await wait({ signal: AbortSignal.timeout(CANCEL_MS) });
    },
    messages: () => messages,
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
  collect: (text: string) => void,
): Promise<void> {
  const call = client.getMessageStream({ jobId });
  for (const part of [call.headers, call.trailers, call.status]) part.catch(() => undefined);
  try {
    for await (const { response } of call.responses) {
      if (response.oneofKind !== 'messageResponse') continue;
      const { importance, messageText } = response.messageResponse;
      if (importance >= Importance.JOB_MESSAGE_WARNING) collect(messageText);
    }
  } catch {
    // Some services have no messages; the state tells how the job ended.
  }
}
