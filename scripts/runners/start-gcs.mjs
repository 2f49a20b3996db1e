/**
 * Starts fake-gcs-server on a free port, or on that of `--port`: `node scripts/runners/start-gcs.mjs --port 4443`. Ctrl-C ends it, and all
 * that was stored is then gone. A run uses it with M4_BALANCE_GCS_ENDPOINT set to the endpoint that is printed.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from './cache.mjs';
import { startAsCommand } from './command.mjs';
import { findGcs } from './install-gcs.mjs';
import { freePort, startServer } from './server.mjs';

const HOST = '127.0.0.1';

async function answers(url) {
  try {
    return (await fetch(`${url}/storage/v1/b?project=p`)).ok;
  } catch {
    return false;
  }
}

/** Starts fake-gcs-server with empty buckets of these names. Resolves to `{ absent }`, the reason, where there is none; rejects if it does not start. */
export async function startGcs({ port, buckets = [] } = {}) {
  const command = findGcs();
  if (command === undefined) {
    return { absent: 'no fake-gcs-server; to install it: node scripts/runners/install-gcs.mjs' };
  }
  const chosen = port ?? (await freePort());
  const endpoint = `http://${HOST}:${chosen}`;
  const log = join(CACHE, 'logs', `fake-gcs-server-${chosen}.log`);
  // Its own defaults are https, every address, and files in the working folder.
  const args = ['-backend', 'memory', '-scheme', 'http', '-host', HOST, '-port', String(chosen)];
  const { pid, stop } = await startServer({
    name: 'fake-gcs-server',
    command,
    args: [...args, '-public-host', `${HOST}:${chosen}`, '-external-url', endpoint, '-log-level', 'warn'],
    log,
    isReady: () => answers(endpoint),
  });
  for (const name of buckets) {
    const { ok, status } = await fetch(`${endpoint}/storage/v1/b?project=p`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name }),
    });
    if (!ok) throw new Error(`fake-gcs-server made no bucket ${name}: ${status}`);
  }
  return { endpoint, pid, log, stop };
}

await startAsCommand(import.meta.url, () => {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, bucket: { type: 'string', multiple: true, default: ['data'] } },
  });
  return startGcs({ port: values.port && Number(values.port), buckets: values.bucket });
});
