import { Worker } from 'node:worker_threads';
import { InvariantError } from './errors.js';

/** A thread beside the main one. It keeps the process only while it has something to answer. */
export interface Thread<Task, Answer> {
  /** The thread's answer. Rejects where it ended by itself, before the call or before the answer. `moved`: buffers that are handed over. */
  ask(task: Task, moved?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Of a task that has no answer. */
  tell(task: Task): void;
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * Starts the thread of a module that answers what it is asked in the order of the calls. `name` is for errors; `onEnd` is called once, when the thread
 * ended by itself.
 */
export function startThread<Task, Answer>(entry: URL, name: string, onEnd: () => void): Thread<Task, Answer> {
  // Flags of the process, such as a profiler's or a loader's, are not for this thread.
  const worker = new Worker(entry, { execArgv: [] });
  const waiting: Waiting<Answer>[] = [];
  let ended: Error | undefined;
  const fail = (error: Error) => {
    if (ended !== undefined) return;
    ended = error;
    for (const { reject } of waiting.splice(0)) reject(error);
    onEnd();
  };
  worker.on('message', (answer: Answer) => {
    waiting.shift()!.resolve(answer);
    if (waiting.length === 0) worker.unref();
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new InvariantError(`the ${name} thread ended with code ${code}`)));
  worker.unref();
  return {
    ask(task, moved = []) {
      if (ended !== undefined) return Promise.reject(ended);
      if (waiting.length === 0) worker.ref();
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        worker.postMessage(task, [...moved]);
      });
    },
    tell: (task) => worker.postMessage(task),
  };
}
