/** Where in the user's input something was found: a file, and a place in it (column, row group, line, key). */
export interface Place {
  readonly file?: string;
  readonly place?: string;
}

export interface Mismatch extends Place {
  readonly expected: string;
  readonly got: string;
  /** What the user can do about it, as a sentence. */
  readonly hint?: string;
}

function sentence(what: string, m: Mismatch): string {
  const where = [m.file, m.place].filter((x) => x !== undefined).join(', ');
  const hint = m.hint === undefined ? '' : ` ${m.hint}`;
  return `${what}: ${where === '' ? '' : `${where}: `}expected ${m.expected}, got ${m.got}.${hint}`;
}

/** Bad input data: names the file, the place, what was expected and what arrived. */
export class InputError extends Error {
  override readonly name: string = 'InputError';
  constructor(
    what: string,
    readonly mismatch: Mismatch,
    options?: ErrorOptions,
  ) {
    super(sentence(what, mismatch), options);
  }
}

/** A file that could not be read or written for a reason of the machine: the disk is full, or there is no permission. */
export class StorageError extends InputError {
  override readonly name = 'StorageError';
}

/** A service that gave no answer however often it was asked: it says nothing of the file, which must not count as a bad one. */
export class UnavailableError extends StorageError {}

/** A file is no longer of the version that was expected: another process wrote or removed it. */
export class ChangedError extends InputError {
  override readonly name = 'ChangedError';
}

/** A service (BigQuery) that could not be reached, or that refused for a reason other than what was asked of it: permission, quota. */
export class ServiceError extends InputError {
  override readonly name = 'ServiceError';
}

/** The output is finished and stays; loading it to where it was to be published failed, and may be tried again. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  constructor(
    readonly directory: string,
    reason: string,
  ) {
    super(
      `the output is complete at ${directory}; publishing it failed: ${reason} Nothing is lost: m4-balance publish ${directory} loads it again.`,
    );
  }
}

/** Gates of `nightly` that did not pass: nothing was published, and the set is that of the run before. */
export class GateError extends Error {
  override readonly name = 'GateError';
  constructor(
    readonly gates: readonly { readonly gate: string; readonly message: string }[],
    readonly inUse: string | undefined,
  ) {
    const told = gates.map(({ gate, message }) => `${gate}: ${message}`).join('; ');
    super(`nothing was published (${inUse === undefined ? 'no run is in use' : `${inUse} stays in use`}): ${told}`);
  }
}

/** Another run of `nightly` holds the lock, or has taken it. */
export class LockedError extends InputError {
  override readonly name = 'LockedError';
}

/** A mistake in the configuration: `issues` has one sentence for each key. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(
    readonly issues: readonly string[],
    readonly file?: string,
  ) {
    super(`${file === undefined ? 'configuration' : file}: ${issues.join('\n  ')}`);
  }
}

/** A broken promise of ours (rows that do not add up, a part that is missing): never the user's fault. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
