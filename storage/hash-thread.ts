/** One thread beside the main one that takes the SHA-256 of what is written, which is as much work as writing it. */
import { Worker } from 'node:worker_threads';
import { coresOfProcess } from '../schemas/cores.js';
import { InvariantError } from '../schemas/errors.js';
import type { HashAnswer, HashTask } from './hash-worker.js';

/** The SHA-256 of one file. */
export interface ThreadHash {
  /** Resolves once the memory, which is shared with the thread, may change again. Blocks are hashed in the order of the calls. */
  update(block: Uint8Array<SharedArrayBuffer>): Promise<unknown>;
  /** In hexadecimal; there was at least one block. */
  digest(): Promise<string>;
  /** Forgets the file. */
  drop(): void;
}

interface Waiting {
  resolve(answer: HashAnswer): void;
  reject(error: Error): void;
}

/** Starts a thread. `onEnd` is called when it ended by itself: what waits for it is rejected then, and so is what is asked later. */
function startThread(onEnd: () => void): () => ThreadHash {
  // Flags of the process, such as a profiler's or a loader's, are not for this thread.
  const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { execArgv: [] });
  const waiting: Waiting[] = [];
  let files = 0;
  let ended: Error | undefined;

  const ask = (task: HashTask): Promise<HashAnswer> => {
    if (ended !== undefined) return Promise.reject(ended);
    // An idle thread does not keep the process.
    if (waiting.length === 0) worker.ref();
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      worker.postMessage(task);
    });
  };
  const fail = (error: Error) => {
    if (ended !== undefined) return;
    ended = error;
    for (const { reject } of waiting.splice(0)) reject(error);
    onEnd();
  };
  worker.on('message', (answer: HashAnswer) => {
    waiting.shift()!.resolve(answer);
    if (waiting.length === 0) worker.unref();
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new InvariantError(`the hashing thread ended with code ${code}`)));
  worker.unref();

  return () => {
    const file = files++;
    return {
      update: (block) => ask({ file, block }),
      digest: async () => (await ask({ file, end: 'digest' })).digest!,
      drop: () => worker.postMessage({ file, end: 'drop' } satisfies HashTask),
    };
  };
}

/** On one core, of the machine, of an affinity or of a worker among many, a second thread would only cost. */
let allowed = coresOfProcess() > 1;
let running: (() => ThreadHash) | undefined;

/** Whether this process may have the thread; without it files are hashed on the calling one, with the same result. */
export function allowHashThread(on: boolean): void {
  allowed = on;
}

export function mayHashInThread(): boolean {
  return allowed;
}

/** A hash in the process's thread, which is started when first asked for. */
export function hashInThread(): ThreadHash {
  running ??= startThread(() => {
    running = undefined;
  });
  return running();
}
