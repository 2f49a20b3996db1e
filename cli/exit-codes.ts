/** How a process of ours ends, for scripts that call it. */
import { JobError } from '../beam/job-error.js';
import {
  ConfigError,
  GateError,
  InputError,
  LockedError,
  PublishError,
  ServiceError,
  StorageError,
} from '../schemas/errors.js';

export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  input: 3,
  rate: 4,
  storage: 5,
  runner: 6,
  drift: 7,
  service: 8,
  publish: 9,
  gate: 10,
  locked: 11,
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
  [EXIT.runner, 'the runner could not be reached, or gave up a job'],
  [EXIT.drift, 'diff: done, and figures have drifted'],
  [EXIT.service, 'BigQuery could not be reached, or refused: permission, quota, credentials'],
  [EXIT.publish, 'the output is complete, but could not be published; m4-balance publish loads it again'],
  [EXIT.gate, 'nightly: a gate did not pass; nothing was published, and the set is as it was'],
  [EXIT.locked, 'nightly, rollback: another run holds the lock'],
  [EXIT.interrupted, 'stopped by Ctrl-C (143: by SIGTERM); the same command continues'],
];

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** What a worker threw, by its name; a system's error is told by the code that its message opens with. */
function remoteExitCode({ thrown, message }: JobError): number {
  if (thrown === undefined) return EXIT.runner;
  if (thrown === 'ConfigError') return EXIT.usage;
  if (thrown === 'InputError' || thrown === 'ChangedError') return EXIT.input;
  if (thrown === 'StorageError') return EXIT.storage;
  return /^E[A-Z]{2,}: /.test(message) ? EXIT.storage : EXIT.internal;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof JobError) return remoteExitCode(error);
  if (error instanceof ConfigError) return EXIT.usage;
  if (error instanceof GateError) return EXIT.gate;
  if (error instanceof LockedError) return EXIT.locked;
  if (error instanceof StorageError) return EXIT.storage;
  if (error instanceof ServiceError) return EXIT.service;
  if (error instanceof PublishError) return EXIT.publish;
  if (error instanceof InputError) return EXIT.input;
  return isSystemError(error) ? EXIT.storage : EXIT.internal;
}
