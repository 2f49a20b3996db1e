/** How a process of ours ends, for scripts that call it. */
import { ConfigError, InputError } from '../schemas/errors.js';

export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  input: 3,
  rate: 4,
  storage: 5,
  /** 128 + the signal's number, as shells have it. */
  interrupted: 130,
  terminated: 143,
} as const;

/** For help and documentation. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done'],
  [EXIT.internal, 'a failure that should not happen; please report it'],
  [EXIT.usage, 'a mistake on the command line or in the configuration'],
  [EXIT.input, 'input data that cannot be used, or more bad rows than input.maximumBad allows'],
  [EXIT.rate, 'with --strict-rate: done, but the asked rate is above the largest feasible one'],
  [EXIT.storage, 'a file could not be read or written (disk full, no permission)'],
  [EXIT.interrupted, 'stopped by Ctrl-C (143: by SIGTERM); the same command continues'],
];

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.usage;
  if (error instanceof InputError) return EXIT.input;
  return isSystemError(error) ? EXIT.storage : EXIT.internal;
}
