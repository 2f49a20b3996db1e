import './sdk.js';
import { type ChildProcess, spawn } from 'node:child_process';
import { stackOf } from './error-context.js';
import { type LogChannel, openLogChannel, teeOutput } from './log-channel.js';
import { Worker } from './worker.js';
import { WORKER_ENTRY } from './worker-entry-path.js';
import { importModule, setUpWorker, type WorkerSetup } from './worker-start.js';

/** One process for each sibling: their bundles share nothing. Rejects when one fails. */
function startSibling(id: string, { controlUrl, loggingUrl, modules }: WorkerSetup): [ChildProcess, Promise<never>] {
  const options = JSON.stringify({ registered_node_modules: modules });
  const flags = [`--id=${id}`, `--control_endpoint=${controlUrl}`, `--options=${options}`];
  if (loggingUrl !== undefined) flags.push(`--logging_endpoint=${loggingUrl}`);
  const child = spawn(process.execPath, [...process.execArgv, WORKER_ENTRY, ...flags], { stdio: 'inherit' });
  const failed = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code !== 0) reject(new Error(`sibling worker ${id} ended with ${code ?? signal}`));
    });
  });
  return [child, failed];
}

async function serve(setup: WorkerSetup, log: LogChannel | undefined): Promise<void> {
  for (const specifier of setup.modules) await importModule(specifier);
  const siblings = setup.siblingIds.map((id) => startSibling(id, setup));
  const worker = new Worker(setup.id, setup);
  log?.info(`worker ${setup.id} is up: ${setup.modules.length} modules, ${siblings.length} siblings`);
  const stop = () => {
    worker.stop();
    for (const [child] of siblings) child.kill();
  };
  process.once('SIGTERM', stop);
  // A worker pool's process holds the other end, and is gone.
  process.once('disconnect', stop);
  try {
    await Promise.race([worker.wait(), ...siblings.map(([, failed]) => failed)]);
  } catch (error) {
    stop();
    throw error;
  }
}

/**
 * The life of a worker process, from its flags to its exit code: 0 when the runner hangs up, 1 after an error, which is in the
 * runner's log and on stderr.
 * @param argv flags of the SDK container contract
 */
export async function runWorker(argv: readonly string[]): Promise<number> {
  let log: LogChannel | undefined;
  let code = 0;
  try {
    const setup = await setUpWorker(argv);
    if (setup.loggingUrl !== undefined) {
      // Before anything can fail.
      log = openLogChannel(setup.loggingUrl, setup.id);
      teeOutput(log);
    }
    await serve(setup, log);
  } catch (error) {
    code = 1;
    process.stderr.write(`${stackOf(error)}\n`);
  }
  await log?.close();
  return code;
}
