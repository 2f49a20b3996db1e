/** Trying again what failed for a reason that passes. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  /** Tries without any progress between them, the first included. */
  readonly attempts: number;
  /** Before the second try; each further wait is twice as long. */
  readonly firstDelayMs: number;
  readonly maximumDelayMs: number;
}

/** Some 90 s in all: Google's libraries give up after about as many tries. */
export const DEFAULT_RETRIES: RetryPolicy = { attempts: 8, firstDelayMs: 1000, maximumDelayMs: 32_000 };

/** A failure that may pass. Never leaves `retried`. */
export class TransientError extends Error {
  constructor(
    message: string,
    /** What the server asked to wait, in milliseconds. */
    readonly waitMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Answers that pass (https://cloud.google.com/storage/docs/retry-strategy): 408, 429 and all of 5xx. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status <= 599);
}

/**
 * Milliseconds to wait before try `next` (from 1: the second). Doubles, and is spread at random over its upper half, so that many workers do not
 * come back at once; never shorter than what the server asked, within the maximum.
 */
export function delayBefore(
  next: number,
  { firstDelayMs, maximumDelayMs }: RetryPolicy,
  asked = 0,
  random = Math.random(),
): number {
  const most = Math.min(maximumDelayMs, firstDelayMs * 2 ** (next - 1));
  return Math.min(maximumDelayMs, Math.max(asked, most * (0.5 + random / 2)));
}

/**
 * Does `work` again while it throws a TransientError. `progress` is a number that grows when a try got somewhere: tries are then counted anew.
 * `exhausted` makes the error that is thrown in the end.
 */
export async function retried<T>(
  policy: RetryPolicy,
  work: (attempt: number) => Promise<T>,
  exhausted: (last: TransientError, attempts: number) => Error,
  progress: () => number = () => 0,
): Promise<T> {
  let failed = 0;
  let reached = progress();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      failed = progress() > reached ? 1 : failed + 1;
      reached = progress();
      if (failed >= policy.attempts) throw exhausted(error, attempt + 1);
      await sleep(delayBefore(failed, policy, error.waitMs));
    }
  }
}
