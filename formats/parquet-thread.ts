/** One thread beside the main one that decodes and encodes Parquet, half the time of a pass, while the main one tags. */
import { coresOfProcess, takeCore } from '../schemas/cores.js';
import { startThread } from '../schemas/thread.js';
import type { Take } from './arena.js';
import type { DecodeTask, EncodeTask } from './parquet-codec.js';
import type { Answer, Task } from './parquet-worker.js';
import { makeBlock, takeFitting } from './spares.js';
import { type CopiedBatch, memoryOf } from './wasm-arrays.js';

export interface ParquetThread {
  /** Memory for the bytes of a task, in a buffer of their own, with anything in it: that of a finished task where there is one. */
  readonly take: Take;
  /** All batches of the file, whose buffer is handed over. Rejects with the decoder's reason. */
  decode(task: DecodeTask): Promise<CopiedBatch[]>;
  /** Takes the memory of a batch that is used up, for coming ones. */
  give(batch: CopiedBatch): void;
  /** The Parquet file of a stream, whose buffer is handed over. Rejects with the encoder's reason. */
  encode(task: EncodeTask): Promise<Uint8Array>;
  /** The Arrow IPC stream of the schema of a file, whose buffer is handed over. Rejects with the decoder's reason. */
  schema(file: Uint8Array): Promise<Uint8Array>;
}

/** Buffers of finished tasks that are kept, at most: two for files to decode, two for streams to encode. */
const SPARES = 4;

/** Starts a thread. `onEnd` is called when it ended by itself: what waits for it is rejected then, and it takes no more. */
function startCodec(onEnd: () => void): ParquetThread {
  const thread = startThread<Task, Answer>(new URL('./parquet-worker.js', import.meta.url), 'Parquet', onEnd);
  const spares: ArrayBuffer[] = [];
  let used: ArrayBuffer[] = [];

  async function ask(task: Task, { buffer }: Uint8Array, moved: readonly ArrayBuffer[] = []): Promise<Answer> {
    const answer = await thread.ask(task, [buffer as ArrayBuffer, ...moved]);
    spares.unshift(answer.memory);
    spares.splice(SPARES);
    if ('reason' in answer) throw new Error(answer.reason);
    return answer;
  }

  return {
    take(bytes) {
      return new Uint8Array(takeFitting(spares, bytes) ?? makeBlock(bytes), 0, bytes);
    },
    async decode(task) {
      if (!decodes) takeCore();
      decodes = true;
      const spares = used;
      used = [];
      return ((await ask({ decode: task, spares }, task.file, spares)) as { batches: CopiedBatch[] }).batches;
    },
    give({ columns }) {
      used.push(...memoryOf(columns));
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
  running ??= startCodec(() => {
    running = undefined;
  });
  return running;
}
