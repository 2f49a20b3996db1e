/**
 * One run at a time into an output: the process at work leaves its name in `<output>.partial`. On object storage the name is written on
 * condition that it is what was read of it, so that of two processes, wherever they are, one is told of the other.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ChangedError, InputError } from '../schemas/errors.js';
import { below, nameBelow, storageFor } from '../storage/index.js';
import { readVersioned } from '../storage/versioned.js';
import { saveBytes } from '../transforms/read/job.js';

export interface Owner {
  readonly pid: number;
  readonly host: string;
}

const OWNER = 'owner.json';

function ownerPath(partial: string): string {
  return below(partial, OWNER);
}

/** On object storage: the version of the name that this process has read or written last, by folder. */
const versions = new Map<string, string | undefined>();

/** Whether there is a process of this number on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whose name is in the folder; undefined where there is none. */
export async function findOwner(partial: string): Promise<Owner | undefined> {
  const { bytes, version } = await readVersioned(ownerPath(partial));
  versions.set(partial, version);
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Owner);
}

/** Of another machine's process nothing can be said. */
export function stateOf({ pid, host }: Owner): 'here' | 'alive' | 'dead' | 'elsewhere' {
  if (host !== hostname()) return 'elsewhere';
  if (pid === process.pid) return 'here';
  return isAlive(pid) ? 'alive' : 'dead';
}

function taken(partial: string, who: string): InputError {
  return new InputError('output', {
    file: partial,
    expected: 'no other run into the same output.directory',
    got: who,
    hint: `Wait for it, or stop it. If it is no run of m4-balance, remove ${ownerPath(partial)}.`,
  });
}

/**
 * Throws InputError where another live process of this machine is at work in the folder. A process that died left its
 * name too: it does not count. Of another machine's process nothing can be said, and it does not count either.
 * @returns whether surely nobody is at work there
 */
export async function requireUnowned(partial: string): Promise<boolean> {
  const owner = await findOwner(partial);
  if (owner === undefined) return true;
  const state = stateOf(owner);
  if (state !== 'alive') return state !== 'elsewhere';
  throw taken(partial, `process ${owner.pid}, which is at work there`);
}

/** Puts the name of this process into the folder. Throws InputError where another process of any machine did so meanwhile (on object storage). */
export async function ownPartial(partial: string): Promise<void> {
  const owner: Owner = { pid: process.pid, host: hostname() };
  const path = ownerPath(partial);
  const storage = storageFor(path);
  if (storage.kind === 'folders') {
    await saveBytes(path, Buffer.from(JSON.stringify(owner)));
    return;
  }
  // With something new in it, so that a write of ours can be told from one of another.
  const bytes = Buffer.from(JSON.stringify({ ...owner, claim: randomUUID() }));
  try {
    versions.set(partial, await storage.replace(path, bytes, versions.get(partial)));
  } catch (error) {
    if (error instanceof ChangedError) throw taken(partial, await whoever(partial));
    throw error;
  }
}

/** Throws InputError where another process has taken the folder since this one did (on object storage, where that can be known). */
export async function requireOwned(partial: string): Promise<void> {
  const storage = storageFor(partial);
  if (storage.kind === 'folders') return;
  if ((await storage.versionOf(ownerPath(partial))) !== versions.get(partial)) {
    throw taken(partial, await whoever(partial));
  }
}

async function whoever(partial: string): Promise<string> {
  const owner = await findOwner(partial);
  return owner === undefined
    ? 'another run, which has ended'
    : `process ${owner.pid} of ${owner.host}, which began there meanwhile`;
}

/** Removes all that is in the folder, but the name of its owner. */
export async function emptyPartial(partial: string): Promise<void> {
  const storage = storageFor(partial);
  const names = new Set((await storage.listFiles(partial)).map(({ path }) => nameBelow(partial, path).split('/')[0]!));
  names.delete(OWNER);
  for (const name of names) await storage.remove(below(partial, name));
}
