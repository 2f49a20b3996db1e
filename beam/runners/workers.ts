import '../sdk.js';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentOf, type RunnerConfig } from '../../schemas/runner.js';
import type { WorkerEnvironment } from '../environment.js';
import { registeredModules } from '../modules.js';
import { WORKER_ENTRY } from '../worker-entry-path.js';
import { asProcesses, inThisProcess, startWorkerPool } from '../worker-pool.js';

/** The workers of a runner, and the end of whatever was started to have them. */
export interface Workers {
  readonly environment: WorkerEnvironment;
  close(): Promise<void>;
}

const nothing = async () => undefined;

/**
 * Workers as the configuration wants them. Those of this machine run this installation's code; where only one is needed, it runs in
 * this process.
 */
export async function openWorkers(config: RunnerConfig): Promise<Workers> {
  const { workerPool, workerCommand, image, parallelism } = config;
  switch (environmentOf(config)) {
    case 'docker':
      return { environment: { docker: image! }, close: nothing };
    case 'process':
      return workerCommand === undefined
        ? openWorkerScript()
        : { environment: { process: workerCommand }, close: nothing };
    case 'external': {
      if (workerPool !== undefined) return { environment: { external: workerPool }, close: nothing };
      const start = parallelism > 1 ? asProcesses(registeredModules()) : inThisProcess;
      const pool = await startWorkerPool({ start });
      return { environment: { external: pool.address }, close: pool.stop };
    }
  }
}

/** Runners start a command without arguments of ours, so Node and the main file are named in a script. */
async function openWorkerScript(): Promise<Workers> {
  const folder = await mkdtemp(join(tmpdir(), 'm4-balance-worker-'));
  const command = join(folder, 'worker');
  const words = [process.execPath, ...process.execArgv, WORKER_ENTRY].map(shellQuoted);
  await writeFile(command, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
  await chmod(command, 0o755);
  return { environment: { process: command }, close: () => rm(folder, { recursive: true, force: true }) };
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
