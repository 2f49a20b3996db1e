/** Starts Prism on a free port, or on that of `--port`: `node scripts/runners/start-prism.mjs --port 8073`. Ctrl-C ends it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from './cache.mjs';
import { startAsCommand } from './command.mjs';
import { findPrism } from './install-prism.mjs';
import { freePort, isListening, startServer } from './server.mjs';

/**
 * Prism spins while a stage without outputs runs, and with one thread its network code starves behind that.
 * Go takes as many as there are cores.
 */
const MIN_THREADS = '4';

/** Starts Prism. Resolves to `{ absent }`, the reason, where there is none; rejects if it does not start. */
export async function startPrism({ port } = {}) {
  const command = findPrism();
  if (command === undefined) return { absent: 'no Prism; to install it: node scripts/runners/install-prism.mjs' };
  const jobPort = port ?? (await freePort());
  const log = join(CACHE, 'logs', `prism-${jobPort}.log`);
  const args = [`--job_port=${jobPort}`, '--serve_http=false', '--idle_shutdown_timeout=-1s', '--log_kind=text'];
  const { pid, stop } = await startServer({
    name: 'Prism',
    command,
    args,
    env: { GOMAXPROCS: process.env.GOMAXPROCS ?? MIN_THREADS },
    log,
    isReady: () => isListening(jobPort),
  });
  return { endpoint: `localhost:${jobPort}`, pid, log, stop };
}

await startAsCommand(import.meta.url, () => {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  return startPrism({ port: values.port && Number(values.port) });
});
