#!/usr/bin/env node
/**
 * Entry point of a worker container or process, in place of Beam's Go `boot` and the SDK's `apache-beam-worker`. Our code is part
 * of the image, so staged artifacts are ignored:
 *
 *     ENTRYPOINT ["node", "/app/node_modules/m4-balance/dist/beam/worker-entry.js"]
 *
 * Exits with 0 when the runner hangs up, with 1 after an error, which is in the runner's log and on stderr.
 */
import './sdk.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import './index.js';
import { stackOf } from './error-context.js';
import { type LogChannel, openLogChannel, teeOutput } from './log-channel.js';
import { Worker } from './worker.js';
import { importModule, setUpWorker, type WorkerSetup } from './worker-start.js';

let log: LogChannel | undefined;

/** One process for each sibling: their bundles share nothing. Rejects when one fails. */
function startSibling(id: string, { controlUrl, loggingUrl, modules }: WorkerSetup): [ChildProcess, Promise<never>] {
  const options = JSON.stringify({ registered_node_modules: modules });
  const flags = [`--id=${id}`, `--control_endpoint=${controlUrl}`, `--options=${options}`];
  if (loggingUrl !== undefined) flags.push(`--logging_endpoint=${loggingUrl}`);
  const entry = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, entry, ...flags], { stdio: 'inherit' });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code !== 0) reject(new Error(`sibling worker ${id} ended with ${code ?? signal}`));
    });
  });
  return [child, failed];
}

async function main(): Promise<void> {
  const setup = await setUpWorker(process.argv.slice(2));
  if (setup.loggingUrl !== undefined) {
    // Before anything can fail.
    log = openLogChannel(setup.loggingUrl, setup.id);
    teeOutput(log);
  }
  for (const specifier of setup.modules) await importModule(specifier);
  const siblings = setup.siblingIds.map((id) => startSibling(id, setup));
  const worker = new Worker(setup.id, setup);
  log?.info(`worker ${setup.id} is up: ${setup.modules.length} modules, ${siblings.length} siblings`);
  const stop = () => {
    worker.stop();
    for (const [child] of siblings) child.kill();
  };
  process.once('SIGTERM', stop);
  try {
    await Promise.race([worker.wait(), ...siblings.map(([, failed]) => failed)]);
  } catch (error) {
    stop();
    throw error;
  }
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${stackOf(error)}\n`);
}
await log?.close();
// Nothing is left to be done, but idle connections could keep the process.
process.exit();
