/** A new file of this machine: written under a temporary name, hashed, flushed to the disk and renamed. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ByteSink } from '../schemas/bytes.js';
import { coreIsLeft } from '../schemas/cores.js';
import { InputError } from '../schemas/errors.js';
import { guarded } from './guarded.js';
import { hashInThread, mayHashInThread, type ThreadHash } from './hash-thread.js';
import { checkOutputPath, printable } from './names.js';

/** fs.write takes a signed 32-bit length; larger chunks are written in steps of this many bytes. */
const MAXIMUM_WRITE_BYTES = 1 << 30;
/** Bytes after which those so far are sent to the disk while more are written, so that closing waits for the last of them only. */
const FLUSH_BYTES = 16 << 20;
/** Of the memory that the hashing thread sees. */
const BLOCK_BYTES = 1 << 20;
/** Blocks of a file that are filled, hashed or written at a time. A file that fits into them is hashed by the calling thread. */
const BLOCKS = 4;

type Block = Uint8Array<SharedArrayBuffer>;

/** Blocks that are kept, at most: of two files at a time. */
const MAXIMUM_SPARES = 2 * BLOCKS;

/** Blocks of files that are finished, for the next ones: fresh memory costs more than the copy into it. */
const spares: Block[] = [];

export async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const count = Math.min(bytes.length - done, MAXIMUM_WRITE_BYTES);
    done += (await handle.write(bytes, done, count, at + done)).bytesWritten;
  }
}

/** Takes the bytes of a file in order, and hashes and writes them. Whatever fails is told by this call or the next. */
interface Taker {
  /** The bytes may change once it resolves. */
  take(bytes: Uint8Array): Promise<void>;
  /** Resolves to the SHA-256 once everything is written. */
  end(): Promise<string>;
  /** Resolves once nothing is under way. */
  drop(): Promise<void>;
}

type Put = (bytes: Uint8Array) => Promise<void>;

/** On the calling thread: where there is but one core, and for small files. */
function takeHere(put: Put): Taker {
  const hash = createHash('sha256');
  return {
    take(bytes) {
      hash.update(bytes);
      return put(bytes);
    },
    end: async () => hash.digest('hex'),
    drop: async () => {},
  };
}

/** By way of shared memory: while the caller makes the next bytes, a thread hashes the last ones, and the system writes them. */
function takeBeside(put: Put): Taker {
  const own: Block[] = [];
  const free: Block[] = [];
  /** Filled before it was known that the file is a large one. */
  const early: Block[] = [];
  const underWay = new Set<Promise<void>>();
  let filling: Block | undefined;
  let filled = 0;
  let hash: ThreadHash | undefined;
  let failed: { readonly error: unknown } | undefined;

  const send = (block: Block, bytes: number) => {
    const view = block.subarray(0, bytes);
    const one = Promise.allSettled([hash!.update(view), put(view)]).then((ends) => {
      for (const end of ends) if (end.status === 'rejected') failed ??= { error: end.reason };
      free.push(block);
      underWay.delete(one);
    });
    underWay.add(one);
  };

  /** Where none is free. */
  async function nextBlock(): Promise<Block> {
    if (own.length < BLOCKS) {
      const block = spares.pop() ?? new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
      own.push(block);
      return block;
    }
    hash ??= hashInThread();
    for (const block of early.splice(0)) send(block, BLOCK_BYTES);
    await Promise.race(underWay);
    return free.pop()!;
  }

  const release = () => {
    spares.push(...own.splice(0, Math.max(0, MAXIMUM_SPARES - spares.length)));
  };

  async function fill(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      filling ??= free.pop() ?? (await nextBlock());
      if (failed !== undefined) throw failed.error;
      const count = Math.min(bytes.length - done, BLOCK_BYTES - filled);
      filling.set(bytes.subarray(done, done + count), filled);
      done += count;
      filled += count;
      if (filled < BLOCK_BYTES) continue;
      if (hash === undefined) early.push(filling);
      else send(filling, BLOCK_BYTES);
      filling = undefined;
      filled = 0;
    }
  }

  /** Of calls that do not wait for each other, each has its turn. */
  let turn: Promise<void> = Promise.resolve();
  return {
    take(bytes) {
      turn = turn.then(() => fill(bytes));
      return turn;
    },
    async end() {
      await turn;
      let digest: string;
      if (hash === undefined) {
        const here = takeHere(put);
        for (const block of early) await here.take(block);
        if (filling !== undefined) await here.take(filling.subarray(0, filled));
        digest = await here.end();
      } else {
        if (filling !== undefined) send(filling, filled);
        await Promise.all(underWay);
        if (failed !== undefined) throw failed.error;
        digest = await hash.digest();
      }
      release();
      return digest;
    },
    async drop() {
      await turn.catch(() => undefined);
      await Promise.all(underWay);
      hash?.drop();
      release();
    },
  };
}

/** Missing folders are made. Throws an InputError, or a StorageError where the machine fails. */
export async function createSink(path: string): Promise<ByteSink> {
  checkOutputPath(path);
  const folder = dirname(path);
  // Hidden and not derived from the name, which may be as long as a name can be; listings of folders skip it.
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  const handle = await guarded('create', path, 'a file that can be written', async () => {
    await mkdir(folder, { recursive: true });
    return open(temporary, 'wx');
  });
  let position = 0;
  let flushed = 0;
  let flushing: Promise<void> | undefined;
  let unflushed: { readonly error: unknown } | undefined;
  let state: 'open' | 'closed' | 'aborted' = 'open';

  /** One after the other: two threads that write to one file wait for each other, and do so at work. */
  let written: Promise<void> = Promise.resolve();
  const put: Put = (bytes) => {
    const at = position;
    position += bytes.length;
    written = written.then(() => write(bytes, at));
    return written;
  };
  const write = (bytes: Uint8Array, at: number) =>
    guarded('write', path, `room for ${bytes.length} bytes`, async () => {
      await writeAll(handle, bytes, at);
      const end = at + bytes.length;
      if (flushing !== undefined || end - flushed < FLUSH_BYTES) return;
      flushed = end;
      flushing = handle
        .datasync()
        // The system tells it once: the last call would succeed.
        .catch((error: unknown) => {
          unflushed ??= { error };
        })
        .finally(() => {
          flushing = undefined;
        });
    });
  const taker = mayHashInThread() && coreIsLeft() ? takeBeside(put) : takeHere(put);

  const abort = async () => {
    if (state !== 'open') return;
    state = 'aborted';
    await taker.drop();
    await flushing;
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
  };
  const still = () => {
    if (state === 'open') return;
    throw new InputError('write', { file: printable(path), expected: 'an open file', got: `one that is ${state}` });
  };
  return {
    async write(chunk) {
      still();
      await taker.take(chunk);
    },
    async close() {
      still();
      let sha256: string;
      try {
        sha256 = await taker.end();
        await guarded('close', path, 'a finished file', async () => {
          await flushing;
          if (unflushed !== undefined) throw unflushed.error;
          await handle.sync();
          await handle.close();
          await rename(temporary, path);
          await flushFolder(folder);
        });
      } catch (error) {
        await abort();
        throw error;
      }
      state = 'closed';
      return { bytes: position, sha256 };
    },
    abort,
  };
}
