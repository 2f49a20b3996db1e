import { once } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';

/**
 * Beam's Java runners (2.48: Flink) read the outputs of a bundle when it has ended: until then they hold 100 messages, and one
 * that is full holds up the whole stream (BeamFnDataInboundObserver, SdkHarnessClient.ActiveBundle.close). So a bundle that
 * waits for its outputs to be taken may wait for ever. It waits as long as something is taken in this time, else it goes on with
 * its outputs in memory ...
 */
const PATIENCE_MS = 2_000;
/** ... as far as this, then waits again ... */
const MAX_UNSENT_BYTES = 1 << 30;
/** ... and fails when nothing is taken for as long as this. */
const GIVE_UP_MS = 300_000;

type Stream = ClientDuplexStream<any, any>;

/** How long, and with how much in memory, a sender waits for the runner. */
export interface SendLimits {
  readonly patienceMs: number;
  readonly maxUnsentBytes: number;
  readonly giveUpMs: number;
}

export const SEND_LIMITS: SendLimits = {
  patienceMs: PATIENCE_MS,
  maxUnsentBytes: MAX_UNSENT_BYTES,
  giveUpMs: GIVE_UP_MS,
};

/** Bytes written to a stream, and those of them that it has passed on. */
export interface Written {
  bytes: number;
  taken: number;
}

/**
 * A function that returns null if a stream has room, else a promise that resolves when it has or when it is no use to wait. It
 * rejects when nothing is taken for long and too much waits.
 */
export function roomOf(
  stream: Stream,
  written: Written,
  { patienceMs, maxUnsentBytes, giveUpMs }: SendLimits,
): () => Promise<void> | null {
  const unsent = () => written.bytes - written.taken;
  let waiting: Promise<void> | undefined;
  /** What was taken when the runner was found to take no more. */
  let stuckAt: number | undefined;

  const wait = async () => {
    for (let taken = written.taken, since = performance.now(); ; ) {
      if (await drains(stream, patienceMs)) return;
      if (written.taken > taken) {
        // The runner is only slow.
        taken = written.taken;
        since = performance.now();
      } else if (unsent() <= maxUnsentBytes) {
        stuckAt = taken;
        return;
      } else if (performance.now() - since > giveUpMs) {
        throw new Error(
          `the runner took no outputs for ${giveUpMs / 1000} s, and a worker holds at most ${maxUnsentBytes >> 20} MiB of them: ` +
            'raise the parallelism, so that a bundle has fewer outputs',
        );
      }
    }
  };

  return () => {
    if (!stream.writableNeedDrain || (written.taken === stuckAt && unsent() <= maxUnsentBytes)) return null;
    waiting ??= wait().finally(() => {
      waiting = undefined;
    });
    return waiting;
  };
}

/** Resolves to true when a stream drains or is over, to false when it has not after `ms`. */
async function drains(stream: Stream, ms: number): Promise<boolean> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  try {
    await Promise.race(['drain', 'close', 'error', 'end'].map((event) => once(stream, event, { signal: late.signal })));
    return true;
  } catch {
    return !late.signal.aborted;
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}
