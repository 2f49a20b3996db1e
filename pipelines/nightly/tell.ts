/** Telling others: a webhook of a failure, and figures for Prometheus. What cannot be told is logged, and fails nothing. */
import type { Config } from '../../schemas/config.js';
import type { Ledger } from '../../schemas/nightly.js';
import { prometheusText } from '../../transforms/nightly/metrics.js';
import { saveBytes } from '../../transforms/read/job.js';
import type { NightEvent, NightlyHooks } from './hooks.js';

/** Where a webhook is that no file should hold. */
export const WEBHOOK_VARIABLE = 'M4_BALANCE_WEBHOOK';
const WEBHOOK_MILLISECONDS = 10_000;

/** The event `failure`, and the same by POST to the webhook. */
export async function tellFailure(
  { nightly, output }: Config,
  hooks: NightlyHooks,
  error: unknown,
  inUse: string | undefined,
): Promise<void> {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const event: NightEvent = { event: 'failure', name, message, inUse: inUse ?? null };
  await hooks.onEvent?.(event);
  const url = nightly.webhook ?? process.env[WEBHOOK_VARIABLE];
  if (!url) return;
  try {
    const text = `m4-balance nightly, ${output.directory}: ${message}`;
    const { ok, status } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // `text` is what chat services show.
      body: JSON.stringify({ ...event, output: output.directory, text }),
      signal: AbortSignal.timeout(WEBHOOK_MILLISECONDS),
    });
    if (!ok) hooks.onLog?.('warn', `the webhook answered ${status}`);
  } catch (cause) {
    // Its URL may be a secret: it is in no message.
    hooks.onLog?.('warn', `the webhook could not be reached: ${cause instanceof Error ? cause.name : 'unknown'}`);
  }
}

/** Writes nightly.textfile, all at once, as the textfile collector wants it. After a failure it says so, and when. */
export async function tellMetrics(
  { nightly }: Config,
  now: Date,
  succeeded: boolean,
  ledger: Ledger | undefined,
  { onLog }: NightlyHooks,
): Promise<void> {
  if (nightly.textfile === undefined) return;
  const text = prometheusText({ at: now.getTime() / 1000, succeeded, figures: ledger?.figures });
  try {
    await saveBytes(nightly.textfile, Buffer.from(text));
  } catch (error) {
    onLog?.('warn', `nightly.textfile: ${error instanceof Error ? error.message : String(error)}`);
  }
}
