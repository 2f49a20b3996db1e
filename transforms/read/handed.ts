/** Configuration of a DoFn that grows with the labels: it goes by the staging folder where it is too large for the graph of a job. */
import { deserialize, serialize } from 'node:v8';
import { storageFor } from '../../storage/index.js';
import { saveBytes, workPath } from './job.js';

/** The value, or a file that has it. */
export type Handed<T> = { readonly value: T } | { readonly path: string };

/** Bytes in the graph at most, which has the configuration of every DoFn and is one message. Ours. */
const INLINE_BYTES = 1 << 16;

/** Hands over plain data (v8.serialize). `name` is that of the phase, whose workers alone read it. */
export async function handOver<T>(staging: string, name: string, value: T): Promise<Handed<T>> {
  const bytes = new Uint8Array(serialize(value));
  if (bytes.length <= INLINE_BYTES) return { value };
  const path = workPath(staging, 'handed', name);
  await saveBytes(path, bytes);
  return { path };
}

export async function received<T>(handed: Handed<T>): Promise<T> {
  if ('value' in handed) return handed.value;
  return deserialize(new Uint8Array(await storageFor(handed.path).readAll(handed.path)));
}
