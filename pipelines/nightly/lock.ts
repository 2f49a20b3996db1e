/**
 * One run at a time, on any machines. A claim is a numbered file that is made where there is none of its number; the highest number
 * holds the lock, until it is released, its lease runs out, or its process is seen to be dead. No claim is ever replaced by another's, so two that begin at
 * once make one file, and one of them is told. The owner renews its lease while it works, and asks before it publishes.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { InputError, LockedError, StorageError } from '../../schemas/errors.js';
import { type Lock, lockSchema } from '../../schemas/nightly.js';
import { below, nameBelow, storageFor } from '../../storage/index.js';
import { saveBytes } from '../../transforms/read/job.js';
import { isAlive } from '../owner.js';

const FOLDER = 'lock';
const NUMBER_DIGITS = 9;
/** Renewals in one lease. */
const RENEWALS = 3;
/** Others that may be first before this gives up. */
const TRIES = 5;
/** Looks at claims that others are changing before this gives up. */
const READS = 20;

/** Claims of this process: of a container that starts again under the same name and number, those before are not. */
const own = new Set<string>();

export interface Held {
  /** Throws LockedError where another has taken the lock, or the lease has run out. */
  require(): Promise<void>;
  release(): Promise<void>;
}

const nameOf = (number: number) => `${String(number).padStart(NUMBER_DIGITS, '0')}.json`;
const encode = (lock: Lock) => Buffer.from(`${JSON.stringify(lock)}\n`);

function isOver({ claim, host, pid, until, released }: Lock): boolean {
  if (released || Date.parse(until) <= Date.now()) return true;
  if (host !== hostname()) return false;
  return pid === process.pid ? !own.has(claim) : !isAlive(pid);
}

interface Claim {
  readonly number: number;
  readonly lock: Lock;
}

/** The claim that holds the lock, or held it last; undefined where there never was one. */
async function latestClaim(root: string): Promise<Claim | undefined> {
  for (let reads = 1; ; reads++) {
    try {
      return await readLatestClaim(root);
    } catch (error) {
      // Between the look and the read the claim was renewed, or removed for a later one.
      if (!(error instanceof Overtaken)) throw error;
      if (reads >= READS) throw error.cause;
    }
  }
}

/** A claim was listed, and was another, or gone, when it was read. */
class Overtaken extends Error {}

async function readLatestClaim(root: string): Promise<Claim | undefined> {
  const folder = below(root, FOLDER);
  const storage = storageFor(folder);
  const names = (await storage.listFiles(folder)).map(({ path }) => nameBelow(folder, path));
  const number = Math.max(
    0,
    ...names.filter((name) => /^\d{9}\.json$/.test(name)).map((name) => Number.parseInt(name, 10)),
  );
  if (number === 0) return undefined;
  const path = below(folder, nameOf(number));
  const bytes = await storage.readAll(path).catch((cause: unknown) => {
    if (cause instanceof InputError && !(cause instanceof StorageError)) throw new Overtaken('lock', { cause });
    throw cause;
  });
  try {
    return { number, lock: lockSchema.parse(JSON.parse(new TextDecoder().decode(bytes))) };
  } catch (error) {
    const got = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').slice(0, 200) : String(error);
    throw new InputError('lock', { file: path, expected: 'a claim of m4-balance nightly', got, hint: 'Remove it.' });
  }
}

function taken(root: string, { host, pid, until }: Lock): LockedError {
  return new LockedError('lock', {
    file: below(root, FOLDER),
    expected: 'no other run of nightly, rollback or backfill at work there',
    got: `process ${pid} of ${host}, whose lease is until ${until}`,
    hint: 'Wait for it. Should it be dead, the lock is free when its lease is over.',
  });
}

/**
 * Takes the lock of an output. `lease` in seconds. `onLost` is called once should another take it.
 * Throws LockedError where it is held.
 */
export async function takeLock(root: string, lease: number, onLost: (error: Error) => void): Promise<Held> {
  const folder = below(root, FOLDER);
  const storage = storageFor(folder);
  const claim = randomUUID();
  const lock = (released: boolean): Lock => {
    const until = new Date(Date.now() + lease * 1000).toISOString();
    return { claim, host: hostname(), pid: process.pid, until, released };
  };
  let number = 0;
  for (let tries = 0; number === 0; tries++) {
    const last = await latestClaim(root);
    if (last !== undefined && (!isOver(last.lock) || tries >= TRIES)) throw taken(root, last.lock);
    const next = (last?.number ?? 0) + 1;
    own.add(claim);
    if (await storage.createNew(below(folder, nameOf(next)), encode(lock(false)))) number = next;
  }
  for (const { path } of await storage.listFiles(folder)) {
    if (Number.parseInt(nameBelow(folder, path), 10) < number) await storage.remove(path);
  }
  const path = below(folder, nameOf(number));
  let renewed = Date.now();
  const require = async () => {
    const last = await latestClaim(root);
    if (last?.lock.claim !== claim || last.lock.released) throw taken(root, last?.lock ?? lock(true));
    if (Date.now() - renewed >= lease * 1000) throw taken(root, last.lock);
  };
  const renew = async () => {
    await require();
    await saveBytes(path, encode(lock(false)));
    renewed = Date.now();
  };
  const timer = setInterval(() => void renew().catch(onLost), (lease * 1000) / RENEWALS);
  timer.unref();
  return {
    require,
    async release() {
      clearInterval(timer);
      own.delete(claim);
      const last = await latestClaim(root);
      if (last?.lock.claim === claim) await saveBytes(path, encode(lock(true)));
    },
  };
}
