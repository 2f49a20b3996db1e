/** A table of BigQuery as Arrow IPC streams in local files: the bytes of the Storage Read interface, as they come. */

import type { ByteSink } from '../../schemas/bytes.js';
import { InputError } from '../../schemas/errors.js';
import type { Storage } from '../storage.js';
import { type Asked, bigQueryError, isTransient } from './errors.js';
import type { ReadApi, ReadSession } from './read-api.js';

/** 0xffffffff and a length of 0: the end of an Arrow IPC stream. */
const END = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);
const CONTINUATION = -1;
const PREFIX_BYTES = 8;

/** A stream that breaks off is taken up again this often without a row in between. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;

/** The schema message without what follows it. Throws InputError where it is none. */
export function schemaMessage(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length >= PREFIX_BYTES && view.getInt32(0, true) === CONTINUATION ? view.getInt32(4, true) : -1;
  if (length > 0 && PREFIX_BYTES + length <= bytes.length) return bytes.subarray(0, PREFIX_BYTES + length);
  throw new InputError('BigQuery', { expected: 'an Arrow schema', got: `${bytes.length} bytes that are none` });
}

/** Rows of a stream, taken up again at the row behind the last one where the connection breaks off. */
async function* steadily(api: ReadApi, stream: string) {
  let offset = 0;
  for (let attempt = 1, pause = FIRST_PAUSE_MS; ; attempt++, pause *= 2) {
    try {
      for await (const part of api.readRows(stream, offset)) {
        offset += part.rows;
        attempt = 0;
        pause = FIRST_PAUSE_MS;
        yield part;
      }
      return;
    } catch (error) {
      if (attempt >= ATTEMPTS || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Copies one stream into a file. Resolves to its rows. */
async function copyStream(
  api: ReadApi,
  schema: Uint8Array,
  stream: string,
  sink: ByteSink,
  onRows: (rows: number) => void,
): Promise<number> {
  let total = 0;
  try {
    await sink.write(schema);
    for await (const { bytes, rows } of steadily(api, stream)) {
      await sink.write(bytes);
      total += rows;
      onRows(rows);
    }
    await sink.write(END);
    await sink.close();
    return total;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

export interface CopyRequest {
  readonly asked: Asked;
  readonly session: ReadSession;
  /** Where the copy of stream i goes. */
  readonly pathOf: (stream: number) => string;
  /** Streams at a time. */
  readonly atOnce: number;
  readonly onRows: (rows: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Copies every stream of a session, each into a file; of a table without rows there is one file with the schema. Resolves to the rows of each. */
export async function copyStreams(api: ReadApi, storage: Storage, request: CopyRequest): Promise<number[]> {
  const { session, pathOf, atOnce, onRows, signal, asked } = request;
  const schema = schemaMessage(session.arrowSchema.serializedSchema);
  const { streams } = session;
  if (streams.length === 0) {
    await writeSchema(storage, pathOf(0), session);
    return [0];
  }
  const rows: number[] = [];
  let next = 0;
  let failed = false;
  const work = async () => {
    while (next < streams.length && !failed) {
      const i = next++;
      signal?.throwIfAborted();
      const sink = await storage.create(pathOf(i));
      rows[i] = await copyStream(api, schema, streams[i]!.name, sink, (count) => {
        signal?.throwIfAborted();
        onRows(count);
      });
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, streams.length) }, () =>
    work().catch((error) => {
      failed = true;
      throw error;
    }),
  );
  // All of them have stopped before the first failure is told: nothing goes on writing.
  const outcomes = await Promise.allSettled(workers);
  const failure = outcomes.find((o) => o.status === 'rejected');
  if (failure !== undefined) throw signal?.aborted ? signal.reason : bigQueryError(failure.reason, asked);
  return rows;
}

/** A file with the columns of the session and no row. */
export async function writeSchema(storage: Storage, path: string, { arrowSchema }: ReadSession): Promise<void> {
  const sink = await storage.create(path);
  try {
    await sink.write(schemaMessage(arrowSchema.serializedSchema));
    await sink.write(END);
    await sink.close();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
