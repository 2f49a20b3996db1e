/** An object that is read in ranges, of one generation. */
import type { ByteSource } from '../../schemas/bytes.js';
import { ChangedError, InputError, StorageError } from '../../schemas/errors.js';
import { crc32c, crc32cText } from '../crc32c.js';
import { printable } from '../names.js';
import { readAhead } from '../read-ahead.js';
import { TransientError } from '../retry.js';
import type { GcsHttp, GcsOptions } from './http.js';
import { type GcsName, gcsPath } from './names.js';
import { pathOf } from './objects.js';

/** Bytes of one request: larger ranges take several, so that none lasts for minutes. */
const MAXIMUM_REQUEST_BYTES = 64 << 20;

export interface Pinned {
  readonly bytes: number;
  readonly generation: string;
}

function changed(name: string, { generation }: Pinned, got: string): ChangedError {
  return new ChangedError('file changed', {
    file: name,
    expected: `generation ${generation}, as when the run was planned`,
    got,
    hint: 'Start the run again.',
  });
}

/** The crc32c of the whole object, which the service sends with every range of it. */
function storedCrc(response: Response): string | undefined {
  return /(?:^|,\s*)crc32c=([^,]+)/.exec(response.headers.get('x-goog-hash') ?? '')?.[1];
}

/**
 * Ranges that follow one another are read ahead. Those that together are the whole object, from its first byte on, are checked against its
 * crc32c; of single ranges the service has none. An object that was replaced or removed since throws ChangedError.
 */
export function gcsSource(
  http: GcsHttp,
  target: GcsName,
  pinned: Pinned,
  { blockBytes }: Pick<GcsOptions, 'blockBytes'>,
): ByteSource {
  const name = printable(gcsPath(target));
  const { bytes, generation } = pinned;
  let expectedCrc: string | undefined;
  const request = {
    method: 'GET',
    path: pathOf(target),
    query: { alt: 'media', ifGenerationMatch: generation },
    url: gcsPath(target),
    what: 'read',
    accepts: [404, 412],
  };

  async function receive(response: Response, into: Uint8Array, from: number, onBytes: (count: number) => void) {
    const { status, headers } = response;
    const now = headers.get('x-goog-generation');
    const encoding = headers.get('x-goog-stored-content-encoding') ?? 'identity';
    const wrong =
      status === 404
        ? changed(name, pinned, 'none: it was removed')
        : status === 412 || (now !== null && now !== generation)
          ? changed(name, pinned, 'a file that was replaced since')
          : encoding !== 'identity'
            ? new InputError('read', {
                file: name,
                expected: 'an object that is stored as it is',
                got: `one with Content-Encoding ${printable(encoding)}, of which no ranges can be read`,
                hint: 'Store it without that property.',
              })
            : status !== 206 && !(from === 0 && into.length === bytes)
              ? new StorageError('read', {
                  file: name,
                  expected: 'the range that was asked for',
                  got: `status ${status}`,
                })
              : undefined;
    if (wrong !== undefined) {
      await response.body?.cancel();
      throw wrong;
    }
    expectedCrc ??= storedCrc(response);
    let done = 0;
    for await (const chunk of response.body ?? []) {
      if (done + chunk.length > into.length) {
        throw new StorageError('read', { file: name, expected: `${into.length} bytes`, got: 'more' });
      }
      into.set(chunk, done);
      done += chunk.length;
      onBytes(chunk.length);
    }
    if (done < into.length) throw new TransientError(`an answer that ended after ${done} of ${into.length} bytes`);
  }

  async function fetchRange(start: number, end: number): Promise<Uint8Array> {
    const into = new Uint8Array(end - start);
    let done = 0;
    while (done < into.length) {
      const until = Math.min(into.length, done + MAXIMUM_REQUEST_BYTES);
      await http.retried(
        request,
        () => {
          const from = start + done;
          const headers = { Range: `bytes=${from}-${start + until - 1}`, 'Accept-Encoding': 'identity' };
          return http.once({ ...request, headers }, (response) =>
            receive(response, into.subarray(done, until), from, (count) => {
              done += count;
            }),
          );
        },
        () => done,
      );
    }
    return into;
  }

  const ranges = readAhead(fetchRange, bytes, blockBytes);
  let checkedTo = 0;
  let crc = 0;
  return {
    name,
    bytes,
    async read(start, end) {
      if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end <= bytes)) {
        const got = `${start} to ${end}`;
        throw new InputError('read', { file: name, expected: `a range within ${bytes} bytes`, got });
      }
      const read = await ranges(start, end);
      if (start === 0) checkedTo = crc = 0;
      if (start === checkedTo && end > start) {
        crc = crc32c(read, crc);
        checkedTo = end;
        if (end === bytes && expectedCrc !== undefined && crc32cText(crc) !== expectedCrc) {
          throw new StorageError('read', {
            file: name,
            expected: `the crc32c ${expectedCrc}`,
            got: crc32cText(crc),
            hint: 'What was stored is not what was sent; run the same command again.',
          });
        }
      }
      return read;
    },
  };
}
