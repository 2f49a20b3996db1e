/** One run at a time into an output: the process at work leaves its name in `<output>.partial`. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../schemas/errors.js';
import { storageFor } from '../storage/index.js';
import { saveBytes } from '../transforms/read/job.js';

interface Owner {
  readonly pid: number;
  readonly host: string;
}

function ownerPath(partial: string): string {
  return join(partial, 'owner.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Throws InputError where another live process of this machine is at work in the folder. A process that died left its
 * name too: it does not count. Of another machine's process nothing can be said, and it does not count either.
 */
export async function requireUnowned(partial: string): Promise<void> {
  const path = ownerPath(partial);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return;
  const { pid, host } = JSON.parse(new TextDecoder().decode(await storage.readAll(path))) as Owner;
  if (host !== hostname() || pid === process.pid || !isAlive(pid)) return;
  throw new InputError('output', {
    file: partial,
    expected: 'no other run into the same output.directory',
    got: `process ${pid}, which is at work there`,
    hint: `Wait for it, or stop it. If it is no run of m4-balance, remove ${path}.`,
  });
}

/** Puts the name of this process into the folder. */
export async function ownPartial(partial: string): Promise<void> {
  const owner: Owner = { pid: process.pid, host: hostname() };
  await saveBytes(ownerPath(partial), Buffer.from(JSON.stringify(owner)));
}
