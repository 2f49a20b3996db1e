/** `m4-balance worker-pool`: starts workers for runners that ask for them, as processes of this machine. */
import { once } from 'node:events';
import { ConfigError } from '../schemas/errors.js';
import { EXIT } from './exit-codes.js';
import { listenForInterrupt } from './interrupt.js';
import { printLine, type Terminal } from './terminal.js';

/** Beam's own worker pools listen here. */
export const POOL_PORT = 50_000;
const MAXIMUM_PORT = 65_535;
/** What a worker of ours must know of; its runner names the same. */
const MODULES = ['m4-balance/pipelines/index'];

export interface WorkerPoolFlags {
  readonly host: string;
  readonly port: string;
}

/** Serves until Ctrl-C, and gives the exit code. */
export async function workerPool({ host, port }: WorkerPoolFlags, terminal: Terminal): Promise<number> {
  const number = Number(port);
  if (!/^\d+$/.test(port) || number > MAXIMUM_PORT) {
    throw new ConfigError([`--port: expected a number from 0 to ${MAXIMUM_PORT}, got ${port}.`], 'command line');
  }
  const { asProcesses, startWorkerPool } = await import('../beam/worker-pool.js');
  const interrupt = listenForInterrupt(() => printLine(terminal.stderr, 'stopping (again to leave at once)'));
  try {
    const pool = await startWorkerPool({ host, port: number, start: asProcesses(MODULES) });
    printLine(terminal.stdout, `serving workers on ${pool.address}`);
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort');
    await pool.stop();
    return interrupt.code() ?? EXIT.done;
  } finally {
    interrupt.release();
  }
}
