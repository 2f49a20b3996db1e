import { InputError, StorageError } from '../schemas/errors.js';
import { printable } from './names.js';

/** Why a call of the system failed, in words. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const words: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'no permission',
    EPERM: 'no permission',
    ENOTDIR: 'a file where a folder is needed',
    EISDIR: 'a folder',
    ENAMETOOLONG: 'a name that is too long',
    ENOSPC: 'no space left on the device',
    EXDEV: 'another file system',
    ELOOP: 'a loop of symbolic links',
  };
  return (code !== undefined && words[code]) || (error instanceof Error ? error.message : String(error));
}

/** Codes that tell of the machine, not of what was asked for. */
const MACHINE_CODES: ReadonlySet<unknown> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
]);

/** Does `work`; what the system throws becomes an error that names the path, what was expected and why it was not had. */
export async function guarded<T>(what: string, path: string, expected: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    const Kind = MACHINE_CODES.has((error as NodeJS.ErrnoException).code) ? StorageError : InputError;
    throw new Kind(what, { file: printable(path), expected, got: reason(error) }, { cause: error });
  }
}
