/** Longest stretch of work before timers, I/O, progress and split requests get their turn. */
const YIELD_MS = 50;

// One clock for all operators of the process: whoever notices first yields for all.
let lastYield = performance.now();

/** Whether the event loop has waited long enough. */
export function isYieldDue(): boolean {
  return performance.now() - lastYield > YIELD_MS;
}

/** Lets timers and I/O run. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  lastYield = performance.now();
}
