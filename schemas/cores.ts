/** How many cores a process may take for itself. */
import { availableParallelism } from 'node:os';

/** The variable that is set for a worker that shares its machine with as many others as that has cores. */
export const ONE_CORE = 'M4_BALANCE_ONE_CORE';

/** One for such a worker, whatever the machine has. */
export function coresOfProcess(): number {
  return process.env[ONE_CORE] === undefined ? availableParallelism() : 1;
}

let taken = 0;

/** Says that a thread of this process has work for as long as the process has, beside the main one. */
export function takeCore(): void {
  taken++;
}

/** Whether a core is left for one more such thread. */
export function coreIsLeft(): boolean {
  return coresOfProcess() > 1 + taken;
}
