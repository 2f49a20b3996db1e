/** Commands on one core: pinned where the system can, and with one thread in every library that has threads. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvariantError } from '../schemas/errors.js';

const ONE_THREAD = {
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  NUMBA_NUM_THREADS: '1',
  POLARS_MAX_THREADS: '1',
  RAYON_NUM_THREADS: '1',
  ARROW_NUM_THREADS: '1',
};

/** What the user has set for Node, such as certificates that Node 20 reads at every start, is not part of the contest. */
const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...OTHERS } = process.env;

export const ENVIRONMENT: NodeJS.ProcessEnv = { ...OTHERS, ...ONE_THREAD };

/** The interpreter that the peers run in. */
export const PYTHON = process.env.M4_PEERS_PYTHON ?? 'python3';

/** The core that contestants share, one at a time. */
const CORE = process.env.M4_BENCH_CORE ?? '0';

const pinnable = spawnSync('taskset', ['-c', CORE, 'true']).status === 0;

export const PINNING = pinnable ? `core ${CORE}` : 'not pinned: no taskset';

/** The folder of the compiled files of bench/. */
export const COMPILED = fileURLToPath(new URL('.', import.meta.url));

/** The Python sources, which the compiler leaves where they are: found upwards. */
function peersFolder(): string {
  for (let folder = COMPILED; ; folder = dirname(folder)) {
    const peers = join(folder, 'bench', 'peers');
    if (existsSync(peers)) return peers;
    if (folder === dirname(folder)) throw new InvariantError(`no bench/peers above ${COMPILED}`);
  }
}

export const PEERS = peersFolder();

export type Command = readonly [string, ...string[]];

/** @param which all cores that contestants share, or the first of them */
export function onOneCore(command: Command, which: 'all' | 'first' = 'all'): Command {
  const cores = which === 'all' ? CORE : CORE.split(/[,-]/)[0]!;
  return pinnable ? ['taskset', '-c', cores, ...command] : command;
}
