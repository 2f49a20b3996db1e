/** What the JSON API does with objects as a whole: https://cloud.google.com/storage/docs/json_api/v1/objects. */
import { randomUUID } from 'node:crypto';
import { ChangedError, InputError, StorageError } from '../../schemas/errors.js';
import { crc32c, crc32cText } from '../crc32c.js';
import { printable } from '../names.js';
import type { GcsHttp } from './http.js';
import { type GcsName, gcsPath, type Listing } from './names.js';

/** What is known of an object; the service writes numbers as text. */
export interface GcsObject {
  readonly name: string;
  readonly bytes: number;
  readonly generation: string;
  readonly created: Date | undefined;
  readonly crc32c: string | undefined;
}

export interface GcsObjects {
  /** undefined where there is none. */
  find(name: GcsName): Promise<GcsObject | undefined>;
  /** In the service's order, page by page. */
  list(bucket: string, listing: Pick<Listing, 'prefix' | 'flat'>): AsyncGenerator<GcsObject>;
  /** A small object in one request. `expected`: its generation must be this, '0' for none; throws ChangedError where it is not. */
  insert(name: GcsName, bytes: Uint8Array, expected?: string): Promise<GcsObject>;
  /** A copy within the service; large ones take several requests. */
  copy(from: GcsName, to: GcsName): Promise<GcsObject>;
  /** No error where there is none. */
  remove(name: GcsName): Promise<void>;
}

interface Resource {
  readonly name: string;
  readonly size: string;
  readonly generation: string;
  readonly timeCreated?: string;
  readonly crc32c?: string;
}

const FIELDS = 'name,size,generation,timeCreated,crc32c';

export function objectOf({ name, size, generation, timeCreated, crc32c }: Resource): GcsObject {
  const created = timeCreated === undefined ? undefined : new Date(timeCreated);
  return { name, bytes: Number(size), generation: String(generation), created, crc32c };
}

export const pathOf = ({ bucket, object }: GcsName) => `/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}`;

/** Throws StorageError where the service stored other bytes than were sent. */
export function requireSame(url: string, stored: GcsObject, sent: { bytes: number; crc: number }): void {
  const wanted = crc32cText(sent.crc);
  if (stored.bytes === sent.bytes && (stored.crc32c ?? wanted) === wanted) return;
  throw new StorageError('upload', {
    file: printable(url),
    expected: `${sent.bytes} bytes with the crc32c ${wanted}`,
    got: `${stored.bytes} with ${stored.crc32c}`,
    hint: 'Run the same command again.',
  });
}

/** The body of a multipart upload: what is known of the object, then its bytes. */
function multipart(metadata: object, bytes: Uint8Array): { type: string; body: Uint8Array } {
  const boundary = randomUUID();
  const head = `--${boundary}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    type: `multipart/related; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

export function gcsObjects(http: GcsHttp): GcsObjects {
  const json = async (response: Response) => (await response.json()) as Resource;

  const find: GcsObjects['find'] = (name) =>
    http.send(
      {
        method: 'GET',
        path: pathOf(name),
        query: { fields: FIELDS },
        url: gcsPath(name),
        what: 'look',
        accepts: [404],
      },
      async (response) => {
        if (response.status !== 404) return objectOf(await json(response));
        await response.body?.cancel();
        return undefined;
      },
    );

  return {
    find,

    async *list(bucket, { prefix, flat }) {
      let pageToken: string | undefined;
      do {
        const page = await http.send(
          {
            method: 'GET',
            path: `/storage/v1/b/${bucket}/o`,
            query: { prefix, ...(flat && { delimiter: '/' }), pageToken, fields: `nextPageToken,items(${FIELDS})` },
            url: `gs://${bucket}`,
            what: 'list',
            accepts: [404],
          },
          async (response) => {
            if (response.status !== 404) {
              return (await response.json()) as { nextPageToken?: string; items?: Resource[] };
            }
            await response.body?.cancel();
            throw new InputError('list', { file: `gs://${bucket}`, expected: 'a bucket that exists', got: 'none' });
          },
        );
        // A name that ends in a slash is a folder as consoles make them.
        for (const item of page.items ?? []) if (!item.name.endsWith('/')) yield objectOf(item);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined && pageToken !== '');
    },

    async insert(name, bytes, expected) {
      const url = gcsPath(name);
      const crc = crc32c(bytes);
      const { type, body } = multipart({ name: name.object, crc32c: crc32cText(crc) }, bytes);
      const request = {
        method: 'POST',
        path: `/upload/storage/v1/b/${name.bucket}/o`,
        query: { uploadType: 'multipart', fields: FIELDS, ifGenerationMatch: expected },
        headers: { 'Content-Type': type },
        body,
        url,
        what: 'write',
      };
      const stored = await http.retried(request, async (attempt) => {
        try {
          return await http.once(request, async (response) => objectOf(await json(response)));
        } catch (error) {
          if (!(error instanceof ChangedError) || attempt === 0) throw error;
          // A try before this one may have arrived although its answer did not.
          const now = await find(name);
          if (now?.crc32c === crc32cText(crc) && now.bytes === bytes.length) return now;
          throw error;
        }
      });
      requireSame(url, stored, { bytes: bytes.length, crc });
      return stored;
    },

    async copy(from, to) {
      let rewriteToken: string | undefined;
      for (;;) {
        const step = await http.send(
          {
            method: 'POST',
            path: `${pathOf(from)}/rewriteTo/b/${to.bucket}/o/${encodeURIComponent(to.object)}`,
            query: { rewriteToken },
            url: gcsPath(from),
            what: `copy to ${printable(gcsPath(to))}`,
          },
          async (response) => (await response.json()) as { done: boolean; rewriteToken?: string; resource: Resource },
        );
        if (step.done) return objectOf(step.resource);
        rewriteToken = step.rewriteToken;
      }
    },

    remove: (name) =>
      http.send(
        { method: 'DELETE', path: pathOf(name), url: gcsPath(name), what: 'remove', accepts: [404] },
        async (response) => {
          await response.body?.cancel();
        },
      ),
  };
}
