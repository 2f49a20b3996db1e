/** Entry point of the thread that hashes what is written; see hash-thread.ts. */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** `file`: a number that tells the files apart. */
export type HashTask =
  | { readonly file: number; readonly block: Uint8Array }
  | { readonly file: number; readonly end: 'digest' | 'drop' };

/** One for each task but those that drop a file, in their order. */
export interface HashAnswer {
  /** In hexadecimal, of a file that has ended. */
  readonly digest?: string;
}

const hashes = new Map<number, Hash>();

parentPort!.on('message', (task: HashTask) => {
  const { file } = task;
  if ('block' in task) {
    let hash = hashes.get(file);
    if (hash === undefined) {
      hash = createHash('sha256');
      hashes.set(file, hash);
    }
    hash.update(task.block);
    parentPort!.postMessage({} satisfies HashAnswer);
    return;
  }
  const digest = hashes.get(file)?.digest('hex');
  hashes.delete(file);
  if (task.end === 'digest') parentPort!.postMessage({ digest } satisfies HashAnswer);
});
