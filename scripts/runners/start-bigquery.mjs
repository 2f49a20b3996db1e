/** Starts the emulator of BigQuery on two free ports: `node scripts/runners/start-bigquery.mjs`. Ctrl-C ends it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE } from './cache.mjs';
import { startAsCommand } from './command.mjs';
import { findBigQuery } from './install-bigquery.mjs';
import { freePort, isListening, startServer } from './server.mjs';

const PROJECT = 'm4-balance-test';
const START = fileURLToPath(new URL('bigquery-emulator.py', import.meta.url));

/**
 * Starts it, empty and in memory. Resolves to `{ endpoint, readEndpoint, project }` of its REST and its Storage Read interface, or to
 * `{ absent }`, the reason, where it is not installed; rejects if it does not start.
 */
export async function startBigQuery() {
  const command = findBigQuery();
  if (command === undefined) {
    return { absent: 'no emulator of BigQuery; to install it: node scripts/runners/install-bigquery.mjs' };
  }
  const [rest, grpc] = [await freePort(), await freePort()];
  const log = join(CACHE, 'logs', `bigquery-${rest}.log`);
  const host = ['--rest-host', '127.0.0.1', '--grpc-host', '127.0.0.1'];
  const ports = ['--rest-port', `${rest}`, '--grpc-port', `${grpc}`];
  const { pid, stop } = await startServer({
    name: 'the emulator of BigQuery',
    command,
    args: [START, 'start', ...host, ...ports, '--ephemeral', '--project', PROJECT, '--log-level', 'warning'],
    log,
    isReady: async () => (await isListening(rest)) && (await isListening(grpc)),
  });
  return { endpoint: `http://127.0.0.1:${rest}`, readEndpoint: `127.0.0.1:${grpc}`, project: PROJECT, pid, log, stop };
}

await startAsCommand(import.meta.url, startBigQuery);
