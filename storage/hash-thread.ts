/** One thread beside the main one that takes the SHA-256 of what is written, which is as much work as writing it. */
import { coresOfProcess } from '../schemas/cores.js';
import { startThread } from '../schemas/thread.js';
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

/** Starts a thread, on which `onEnd` is called when it ended by itself. */
function startHashing(onEnd: () => void): () => ThreadHash {
  const thread = startThread<HashTask, HashAnswer>(new URL('./hash-worker.js', import.meta.url), 'hashing', onEnd);
  let files = 0;
  return () => {
    const file = files++;
    return {
      update: (block) => thread.ask({ file, block }),
      digest: async () => (await thread.ask({ file, end: 'digest' })).digest!,
      drop: () => thread.tell({ file, end: 'drop' }),
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
  running ??= startHashing(() => {
    running = undefined;
  });
  return running();
}
