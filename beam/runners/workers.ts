import '../sdk.js';
import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ONE_CORE } from '../../schemas/cores.js';
import { environmentOf, type RunnerConfig } from '../../schemas/runner.js';
import type { WorkerEnvironment } from '../environment.js';
import { registeredModules } from '../modules.js';
import { WORKER_ENTRY } from '../worker-entry-path.js';
import { asProcesses, inThisProcess, startWorkerPool } from '../worker-pool.js';
import type { WorkerCensus } from './worker-watch.js';

/** The workers of a runner, and the end of whatever was started to have them. */
export interface Workers {
  readonly environment: WorkerEnvironment;
  /** Left out: workers may be on other machines, or end and be replaced. */
  readonly census?: WorkerCensus;
  close(): Promise<void>;
}

const nothing = async () => undefined;

export interface WorkerOptions {
  /** The runner is on this machine, and starts its processes here. */
  readonly onThisMachine: boolean;
  /** Workers that are at work on this machine at a time. */
  readonly atOnce: number;
}

/**
 * Workers as the configuration wants them. Those of this machine run this installation's code; where only one is needed, it runs in
 * this process.
 */
export async function openWorkers(config: RunnerConfig, { onThisMachine, atOnce }: WorkerOptions): Promise<Workers> {
  const { workerPool, workerCommand, image, parallelism } = config;
  const env: Record<string, string> = atOnce >= availableParallelism() ? { [ONE_CORE]: '1' } : {};
  switch (environmentOf(config)) {
    case 'docker':
      return { environment: { docker: image! }, close: nothing };
    case 'process':
      if (workerCommand !== undefined && !onThisMachine)
        return { environment: { process: workerCommand }, close: nothing };
      return openWorkerScript(env, workerCommand);
    case 'external': {
      if (workerPool !== undefined) return { environment: { external: workerPool }, close: nothing };
      const start = parallelism > 1 ? asProcesses(registeredModules(), env) : inThisProcess;
      const pool = await startWorkerPool({ start });
      return { environment: { external: pool.address }, census: pool.census, close: pool.stop };
    }
  }
}

/**
 * Runners start a command without arguments of ours, so Node and the main file are named in a script, which leaves the number of
 * its process behind.
 * @param env is set for them
 * @param command what is started instead of this installation's main file
 */
async function openWorkerScript(env: Readonly<Record<string, string>>, command?: string): Promise<Workers> {
  const folder = await mkdtemp(join(tmpdir(), 'm4-balance-worker-'));
  const script = join(folder, 'worker');
  const words = command === undefined ? [process.execPath, ...process.execArgv, WORKER_ENTRY] : [command];
  const settings = Object.entries(env).map(([name, value]) => `export ${name}=${shellQuoted(value)}`);
  const lines = [
    ...settings,
    `: > ${shellQuoted(join(folder, PID))}$$`,
    `exec ${words.map(shellQuoted).join(' ')} "$@"`,
  ];
  await writeFile(script, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(script, 0o755);
  const pids = () => readdirSync(folder).flatMap((name) => (name.startsWith(PID) ? [name.slice(PID.length)] : []));
  return {
    environment: { process: script },
    census: () => new Map(pids().map((pid) => [`worker process ${pid}`, isThere(Number(pid))])),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Begins the name of a file that stands for a process. */
const PID = 'pid-';

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
