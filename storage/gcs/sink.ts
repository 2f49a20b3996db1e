/** An object that is written: in one request where it is small, else by a resumable upload, whose memory is two chunks. */
import { createHash } from 'node:crypto';
import type { ByteSink } from '../../schemas/bytes.js';
import { InputError, StorageError } from '../../schemas/errors.js';
import { crc32c } from '../crc32c.js';
import { printable } from '../names.js';
import type { GcsHttp, GcsOptions } from './http.js';
import { type GcsName, gcsPath } from './names.js';
import { type GcsObject, type GcsObjects, objectOf, requireSame } from './objects.js';

/** The first buffer of a sink; it doubles up to a chunk. */
const FIRST_BYTES = 64 << 10;

/** A resumable upload: https://cloud.google.com/storage/docs/performing-resumable-uploads. */
interface Session {
  /** Sends the bytes from `at` on; `total` with the last of them. Resolves once the service has them. */
  put(bytes: Uint8Array, at: number, total?: number): Promise<GcsObject | undefined>;
  cancel(): Promise<void>;
}

async function openSession(http: GcsHttp, target: GcsName): Promise<Session> {
  const url = gcsPath(target);
  const about = { url, what: 'write' };
  const path = await http.send(
    {
      ...about,
      method: 'POST',
      path: `/upload/storage/v1/b/${target.bucket}/o`,
      query: { uploadType: 'resumable' },
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: target.object }),
    },
    async (response) => {
      await response.body?.cancel();
      const location = response.headers.get('location');
      if (location !== null) return location;
      throw new StorageError('write', { file: printable(url), expected: 'the address of an upload', got: 'none' });
    },
  );

  const put: Session['put'] = (bytes, at, total) => {
    let arrived = 0;
    const whole = total ?? '*';
    /** What an answer says: finished, or how much of these bytes is there. */
    const receive = async (response: Response): Promise<GcsObject | undefined> => {
      const { status, headers } = response;
      if (status === 200 || status === 201) {
        arrived = bytes.length;
        return objectOf((await response.json()) as Parameters<typeof objectOf>[0]);
      }
      await response.body?.cancel();
      if (status !== 308) {
        throw new StorageError('write', {
          file: printable(url),
          expected: 'an upload that goes on',
          got: `one that the service has given up (${status})`,
          hint: 'Run the same command again: it goes on from what is finished.',
        });
      }
      const last = /^bytes=0-(\d+)$/.exec(headers.get('range') ?? '')?.[1];
      const there = last === undefined ? 0 : Number(last) + 1;
      if (there < at || there > at + bytes.length) {
        const expected = `between ${at} and ${at + bytes.length} bytes to have arrived`;
        throw new StorageError('write', { file: printable(url), expected, got: String(there) });
      }
      arrived = there - at;
      return undefined;
    };
    const request = { ...about, method: 'PUT', path, accepts: [308, 404, 410] };
    const ask = () => http.once({ ...request, headers: { 'Content-Range': `bytes */${whole}` } }, receive);
    const send = () => {
      const range = `bytes ${at + arrived}-${at + bytes.length - 1}/${whole}`;
      return http.once({ ...request, headers: { 'Content-Range': range }, body: bytes.subarray(arrived) }, receive);
    };
    return http.retried(
      about,
      async (attempt) => {
        const known = attempt === 0 ? undefined : await ask();
        if (known !== undefined) return known;
        // The service may keep less of a chunk than it was sent.
        while (arrived < bytes.length) {
          const stored = await send();
          if (stored !== undefined) return stored;
        }
        return undefined;
      },
      () => arrived,
    );
  };
  return {
    put,
    cancel: () =>
      // 499 is the answer of success.
      http.once({ ...about, method: 'DELETE', path, accepts: [404, 410, 499] }, async (response) => {
        await response.body?.cancel();
      }),
  };
}

/** Nothing is visible before `close`: Cloud Storage shows an object once all of it is there. What is stored is checked by its crc32c. */
export function gcsSink(
  http: GcsHttp,
  objects: GcsObjects,
  target: GcsName,
  { chunkBytes }: Pick<GcsOptions, 'chunkBytes'>,
): ByteSink {
  const url = gcsPath(target);
  const hash = createHash('sha256');
  let state: 'open' | 'closed' | 'aborted' = 'open';
  let crc = 0;
  let position = 0;
  let buffer = new Uint8Array(Math.min(FIRST_BYTES, chunkBytes));
  let filled = 0;
  let session: Session | undefined;
  let sent: Promise<unknown> = Promise.resolve();

  const still = () => {
    if (state === 'open') return;
    throw new InputError('write', { file: printable(url), expected: 'an open file', got: `one that is ${state}` });
  };
  const abort = async () => {
    if (state !== 'open') return;
    state = 'aborted';
    await sent.catch(() => undefined);
    // The service forgets a session by itself after a week.
    await session?.cancel().catch(() => undefined);
  };

  /** Sends the full buffer while the next one is filled; waits for the one before. */
  async function flush(): Promise<void> {
    session ??= await openSession(http, target);
    await sent;
    const [full, at] = [buffer, position - filled];
    sent = session.put(full, at);
    // Whoever writes next is told.
    sent.catch(() => undefined);
    buffer = new Uint8Array(chunkBytes);
    filled = 0;
  }

  return {
    async write(chunk) {
      still();
      hash.update(chunk);
      crc = crc32c(chunk, crc);
      for (let done = 0; done < chunk.length; ) {
        if (filled === buffer.length) {
          if (buffer.length === chunkBytes) await flush();
          else {
            const larger = new Uint8Array(Math.min(chunkBytes, buffer.length * 2));
            larger.set(buffer);
            buffer = larger;
          }
        }
        const count = Math.min(chunk.length - done, buffer.length - filled);
        buffer.set(chunk.subarray(done, done + count), filled);
        filled += count;
        position += count;
        done += count;
      }
    },
    async close() {
      still();
      try {
        const rest = buffer.subarray(0, filled);
        await sent;
        const stored =
          session === undefined
            ? await objects.insert(target, rest)
            : await session.put(rest, position - filled, position);
        if (stored === undefined) {
          throw new StorageError('write', {
            file: printable(url),
            expected: 'the end of an upload to be acknowledged',
            got: 'a request for more',
          });
        }
        await requireSound(stored);
      } catch (error) {
        await abort();
        throw error;
      }
      state = 'closed';
      return { bytes: position, sha256: hash.digest('hex') };
    },
    abort,
  };

  /** What was stored wrongly is removed before anyone takes it for what was sent. */
  async function requireSound(stored: GcsObject): Promise<void> {
    try {
      requireSame(url, stored, { bytes: position, crc });
    } catch (error) {
      await objects.remove(target);
      throw error;
    }
  }
}
