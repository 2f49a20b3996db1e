/** The side of a contestant that stays: runs once for each line that arrives, and answers with the figures. */
import { createInterface } from 'node:readline';
import type { Figures } from './figures.js';

/** Says that it is ready, and serves until its input ends. */
export async function serve(run: () => Figures | Promise<Figures>): Promise<void> {
  console.log('{"ready": true}');
  for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(await run()));
}

/** Seconds that `work` takes, and what it returns. */
export async function timed<T>(work: () => T | Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}
