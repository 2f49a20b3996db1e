/** How many cores a process may take for itself. */
import { availableParallelism } from 'node:os';

/** The variable that is set for a worker that shares its machine with as many others as that has cores. */
export const ONE_CORE = 'M4_BALANCE_ONE_CORE';

/** One for such a worker, whatever the machine has. */
export function coresOfProcess(): number {
  return process.env[ONE_CORE] === undefined ? availableParallelism() : 1;
}
