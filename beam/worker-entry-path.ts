import { fileURLToPath } from 'node:url';

/**
 * This package's main file of a worker process, from beam/ as from the bundle, whose folder is beside it. Never a part of the
 * bundle: the modules that a worker imports bring the modules of dist/, and there may be one register of DoFns only.
 */
export const WORKER_ENTRY = fileURLToPath(new URL('../beam/worker-entry.js', import.meta.url));
