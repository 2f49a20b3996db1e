/** `m4-balance worker`: what a container or a process of a runner starts. */

/**
 * Serves one runner until it hangs up, and ends the process: idle connections could keep it.
 * @param args flags of the SDK container contract, as the runner gave them
 */
export async function worker(args: readonly string[]): Promise<never> {
  // By its URL, so that it is no part of the bundle: see beam/worker-entry-path.ts.
  const main = new URL('../beam/worker-main.js', import.meta.url).href;
  const { runWorker } = (await import(main)) as typeof import('../beam/worker-main.js');
  process.exit(await runWorker(args));
}
