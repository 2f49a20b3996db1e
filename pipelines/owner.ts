/** One run at a time in a staging folder: the process at work there leaves its name. */
import { hostname } from 'node:os';
import { InputError } from '../schemas/errors.js';
import { storageFor } from '../storage/index.js';
import { saveBytes, workPath } from '../transforms/read/job.js';

interface Owner {
  readonly pid: number;
  readonly host: string;
}

function ownerPath(staging: string): string {
  return workPath(staging, 'owner.json');
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
 * Throws InputError where another live process of this machine is at work in the staging folder. A process that died left its
 * name too: it does not count. Of another machine's process nothing can be said, and it does not count either.
 */
export async function requireUnowned(staging: string): Promise<void> {
  const path = ownerPath(staging);
  const storage = storageFor(path);
  if (!(await storage.exists(path))) return;
  const { pid, host } = JSON.parse(new TextDecoder().decode(await storage.readAll(path))) as Owner;
  if (host !== hostname() || pid === process.pid || !isAlive(pid)) return;
  throw new InputError('output', {
    file: staging,
    expected: 'no other run into the same output.directory',
    got: `process ${pid}, which is at work there`,
    hint: `Wait for it, or stop it. If it is no run of m4-balance, remove ${path}.`,
  });
}

/** Puts the name of this process into a staging folder that was begun. */
export async function ownStaging(staging: string): Promise<void> {
  const owner: Owner = { pid: process.pid, host: hostname() };
  await saveBytes(ownerPath(staging), Buffer.from(JSON.stringify(owner)));
}
