import type { RecordBatch } from 'apache-arrow';
import type { BatchWriter, Format } from '../../formats/format.js';
import type { ByteSource } from '../../schemas/bytes.js';

/** Bytes in memory as a file that uses the memory it is lent; counts what is read of it. */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource & { readonly ranges: [number, number][] } {
  const ranges: [number, number][] = [];
  return {
    name,
    bytes: bytes.length,
    ranges,
    async read(start, end, into) {
      if (!(start >= 0 && start <= end && end <= bytes.length))
        throw new Error(`a bug: range ${start} to ${end} of ${bytes.length}`);
      ranges.push([start, end]);
      if (into === undefined) return bytes.slice(start, end);
      // Whoever lends its memory must be done with what is in it.
      into.fill(0xee);
      into.set(bytes.subarray(start, end));
      return into.subarray(0, end - start);
    },
  };
}

/** The file that a writer makes of batches. */
export async function written(writer: BatchWriter, batches: readonly RecordBatch[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  // Copied at once: a writer may use its memory again.
  for (const batch of batches) for (const chunk of await writer.write(batch)) chunks.push(chunk.slice());
  for (const chunk of await writer.close()) chunks.push(chunk.slice());
  return new Uint8Array(Buffer.concat(chunks));
}

/** All batches of a file. */
export async function readAll(
  format: Format,
  source: ByteSource,
  columns?: readonly string[],
  batchRows?: number,
): Promise<RecordBatch[]> {
  const { groups } = await format.plan(source);
  const batches: RecordBatch[] = [];
  for (const group of groups.keys())
    for await (const batch of format.read(source, group, columns, batchRows)) batches.push(batch);
  return batches;
}

/** The batch in slices that end at the given rows. */
export function cut(batch: RecordBatch, ends: readonly number[]): RecordBatch[] {
  const points = [...new Set([0, ...ends.map((e) => e % (batch.numRows + 1)), batch.numRows])].sort((a, b) => a - b);
  return points.slice(1).map((end, i) => batch.slice(points[i]!, end));
}
