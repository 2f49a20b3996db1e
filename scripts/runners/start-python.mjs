/** Starts the job service of Python's portable runner: `node scripts/runners/start-python.mjs --port 8199`. Ctrl-C ends it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from './cache.mjs';
import { startAsCommand } from './command.mjs';
import { findPython } from './install-python.mjs';
import { freePort, isListening, startServer } from './server.mjs';

/** Starts it. Resolves to `{ absent }`, the reason, where it is not installed; rejects if it does not start. */
export async function startPythonRunner({ port } = {}) {
  const command = findPython();
  if (command === undefined) {
    return { absent: 'no Python with apache-beam; to install it: node scripts/runners/install-python.mjs' };
  }
  const jobPort = port ?? (await freePort());
  const log = join(CACHE, 'logs', `python-${jobPort}.log`);
  const { pid, stop } = await startServer({
    name: "Python's job service",
    command,
    args: ['-m', 'apache_beam.runners.portability.local_job_service_main', '--port', `${jobPort}`],
    log,
    isReady: () => isListening(jobPort),
  });
  return { endpoint: `localhost:${jobPort}`, pid, log, stop };
}

await startAsCommand(import.meta.url, () => {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  return startPythonRunner({ port: values.port && Number(values.port) });
});
