/** Telling others: a webhook of a failure, and figures for Prometheus and OpenTelemetry. What cannot be told is logged, and fails nothing. */
import type { Config } from '../../schemas/config.js';
import type { Ledger } from '../../schemas/nightly.js';
import { metricsOf, prometheusText } from '../../transforms/nightly/metrics.js';
import { saveBytes } from '../../transforms/read/job.js';
import type { NightEvent, NightlyHooks } from './hooks.js';
import { hasCollector, sendMetrics } from './otlp.js';

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

/**
 * Writes nightly.textfile, all at once, as the textfile collector wants it, and sends the same to a collector of OpenTelemetry. After a failure
 * they say so, and when.
 */
export async function tellMetrics(
  { nightly, output }: Config,
  now: Date,
  succeeded: boolean,
  ledger: Ledger | undefined,
  { onLog }: NightlyHooks,
): Promise<void> {
  const { textfile, otlp } = nightly;
  const metrics = metricsOf({ at: now.getTime() / 1000, succeeded, figures: ledger?.figures });
  const orWarn = (what: string, told: Promise<void>) =>
    told.catch((error: unknown) => {
      onLog?.('warn', `${what}: ${error instanceof Error ? error.message : String(error)}`);
    });
  await Promise.all([
    textfile !== undefined && orWarn('nightly.textfile', saveBytes(textfile, Buffer.from(prometheusText(metrics)))),
    hasCollector(otlp) && orWarn('nightly.otlp', sendMetrics(otlp, metrics, output.directory)),
  ]);
}
