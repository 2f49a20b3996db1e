/** Entry point of the thread that decodes and encodes Parquet; see parquet-thread.ts. It loads neither apache-arrow nor anything of a job. */
import { parentPort } from 'node:worker_threads';
import { makeBatchMemory } from './batch-memory.js';
import { type DecodeTask, decodeParquet, type EncodeTask, encodeParquet, reasonOf, schemaOf } from './parquet-codec.js';
import { PRACTICE, PRACTICE_SHAPES } from './parquet-practice.js';
import { type CopiedBatch, memoryOf } from './wasm-arrays.js';

/** `spares` are blocks of batches that are used up. */
export type Task =
  | { readonly decode: DecodeTask; readonly spares: ArrayBuffer[] }
  | { readonly encode: EncodeTask }
  | { readonly schema: Uint8Array };

/** `memory` is the buffer that came with the task. */
export type Answer = { readonly memory: ArrayBuffer } & (
  | { readonly batches: CopiedBatch[] }
  | { readonly file: Uint8Array }
  | { readonly stream: Uint8Array }
  | { readonly reason: string }
);

/** Bytes of batches that are handed over at once, at most. A dictionary of long strings decodes to many times what its pages say. */
const MOVED_BYTES = 256 * 2 ** 20;

const memory = makeBatchMemory();

function decode(task: DecodeTask): { batches: CopiedBatch[]; moved: ArrayBuffer[] } {
  const batches: CopiedBatch[] = [];
  const moved: ArrayBuffer[] = [];
  let bytes = 0;
  for (const batch of decodeParquet(task, memory.next)) {
    batches.push(batch);
    for (const buffer of memoryOf(batch.columns)) {
      moved.push(buffer);
      bytes += buffer.byteLength;
    }
    if (bytes > MOVED_BYTES) throw new RangeError(`more than ${MOVED_BYTES} bytes of batches`);
  }
  return { batches, moved };
}

function answer(task: Task): { message: Answer; moved: ArrayBuffer[] } {
  const bytes = 'decode' in task ? task.decode.file : 'encode' in task ? task.encode.stream : task.schema;
  const back = { memory: bytes.buffer as ArrayBuffer };
  try {
    if ('decode' in task) {
      memory.give(task.spares);
      const { batches, moved } = decode(task.decode);
      return { message: { ...back, batches }, moved };
    }
    if ('encode' in task) {
      const file = encodeParquet(task.encode);
      return { message: { ...back, file }, moved: [file.buffer as ArrayBuffer] };
    }
    const stream = schemaOf(task.schema);
    return { message: { ...back, stream }, moved: [stream.buffer as ArrayBuffer] };
  } catch (error) {
    return { message: { ...back, reason: reasonOf(error) }, moved: [] };
  }
}

/** Has what every row group takes compiled, while the main thread still loads. */
function practise(): void {
  const file = encodeParquet(PRACTICE);
  for (const _ of decodeParquet({ file, batchRows: PRACTICE.rows, shapes: PRACTICE_SHAPES }));
}

practise();
parentPort!.on('message', (task: Task) => {
  const { message, moved } = answer(task);
  parentPort!.postMessage(message, [...moved, message.memory]);
});
