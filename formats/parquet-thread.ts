/** One thread beside the main one that decodes and encodes Parquet, half the time of a pass, while the main one tags. */
import { Worker } from 'node:worker_threads';
import { coresOfProcess, takeCore } from '../schemas/cores.js';
import { InvariantError } from '../schemas/errors.js';
import type { Take } from './arena.js';
import type { DecodeTask, EncodeTask } from './parquet-codec.js';
import type { Answer, Task } from './parquet-worker.js';
import type { CopiedBatch } from './wasm-arrays.js';

export interface ParquetThread {
  /** Memory for the bytes of a task, in a buffer of their own, with anything in it: that of a finished task where there is one. */
  readonly take: Take;
  /** All batches of the file, whose buffer is handed over. Rejects with the decoder's reason. */
  decode(task: DecodeTask): Promise<CopiedBatch[]>;
  /** The Parquet file of a stream, whose buffer is handed over. Rejects with the encoder's reason. */
  encode(task: EncodeTask): Promise<Uint8Array>;
  /** The Arrow IPC stream of the schema of a file, whose buffer is handed over. Rejects with the decoder's reason. */
  schema(file: Uint8Array): Promise<Uint8Array>;
}

/** Buffers of finished tasks that are kept, at most: one for a file to decode, one for a stream to encode. */
const SPARES = 2;
/** A spare may be so many times as large as what is wanted. */
const SPARE_FACTOR = 4;

type Ask = { decode: DecodeTask } | { encode: EncodeTask } | { schema: Uint8Array };

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Starts a thread. `onEnd` is called when it ended by itself: what waits for it is rejected then, and it takes no more. */
function startThread(onEnd: () => void): ParquetThread {
  // Flags of the process, such as a profiler's or a loader's, are not for this thread.
  const worker = new Worker(new URL('./parquet-worker.js', import.meta.url), { execArgv: [] });
  const waiting = new Map<number, Waiting>();
  const spares: ArrayBuffer[] = [];
  let tasks = 0;

  const ask = (task: Ask, bytes: Uint8Array): Promise<Answer> => {
    const id = tasks++;
    // An idle thread does not keep the process.
    if (waiting.size === 0) worker.ref();
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ ...task, id } satisfies Task, [bytes.buffer as ArrayBuffer]);
    });
  };
  const fail = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onEnd();
  };
  worker.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)!;
    spares.unshift(answer.memory);
    spares.splice(SPARES);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ('reason' in answer) asked.reject(new Error(answer.reason));
    else asked.resolve(answer);
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new InvariantError(`the Parquet thread ended with code ${code}`)));
  worker.unref();

  return {
    take(bytes) {
      const fits = spares.findIndex(({ byteLength: n }) => n >= bytes && n <= bytes * SPARE_FACTOR);
      return new Uint8Array(fits < 0 ? new ArrayBuffer(bytes) : spares.splice(fits, 1)[0]!, 0, bytes);
    },
    async decode(task) {
      if (!decodes) takeCore();
      decodes = true;
      return ((await ask({ decode: task }, task.file)) as { batches: CopiedBatch[] }).batches;
    },
    async encode(task) {
      return ((await ask({ encode: task }, task.stream)) as { file: Uint8Array }).file;
    },
    async schema(file) {
      return ((await ask({ schema: file }, file)) as { stream: Uint8Array }).stream;
    },
  };
}

/** On one core, of the machine, of an affinity or of a worker among many, a second thread would only cost. */
let allowed = coresOfProcess() > 1;
let running: ParquetThread | undefined;
/** Whether the process reads Parquet by the thread, and so has work for it until its end. */
let decodes = false;

/** Whether this process may have the thread; without it everything is done on the calling one, and comes out the same. */
export function allowParquetThread(on: boolean): void {
  allowed = on;
}

/** The process's thread, started when first asked for; undefined where it may not have one. */
export function parquetThread(): ParquetThread | undefined {
  if (!allowed) return undefined;
  running ??= startThread(() => {
    running = undefined;
  });
  return running;
}
