/**
 * A fault injector: enough of Cloud Storage's JSON API for one object a request, over real HTTP, that fails when it is told to. What the
 * real service does is tested against an emulator (test/runners/gs-*.test.ts), which cannot be made to fail.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { crc32c, crc32cText } from '../../storage/crc32c.js';
import { gcsStorage } from '../../storage/gcs/gcs.js';
import type { GcsOptions } from '../../storage/gcs/http.js';
import type { ObjectStorage } from '../../storage/storage.js';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: number;
}

/** What becomes of a request: a status, an answer that is cut off after some bytes, or one that is lost though the request was carried out. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: string }
  | { readonly cutAfter: number }
  | { readonly lost: true }
  /** A part of an upload of which the service keeps only so much, and says that it failed. */
  | { readonly keeps: number };

export interface FaultyGcs {
  readonly storage: ObjectStorage;
  readonly endpoint: string;
  readonly seen: Seen[];
  /** Asked for every request; undefined: it goes well. */
  fault: (request: Seen, number: number) => Fault | undefined;
  put(name: string, bytes: Uint8Array): void;
  get(name: string): Uint8Array | undefined;
  /** Headers of every answer with data, over those that are right. */
  mediaHeaders: Record<string, string>;
}

interface Stored {
  readonly bytes: Buffer;
  readonly generation: number;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const resource = (name: string, { bytes, generation }: Stored) => ({
  name,
  size: String(bytes.length),
  generation: String(generation),
  timeCreated: new Date(generation).toISOString(),
  crc32c: crc32cText(crc32c(bytes)),
});

/** The bytes of a multipart upload's second part, and the name in its first. */
function parted(body: Buffer, type: string): { name: string; bytes: Buffer } {
  const boundary = `--${/boundary=(.*)/.exec(type)![1]}`;
  const metadata = body.indexOf('\r\n\r\n') + 4;
  const second = body.indexOf(boundary, metadata);
  const start = body.indexOf('\r\n\r\n', second) + 4;
  return {
    name: JSON.parse(body.subarray(metadata, second).toString()).name,
    bytes: body.subarray(start, body.lastIndexOf(`\r\n${boundary}--`)),
  };
}

export async function faultyGcs(t: Pick<TestContext, 'after'>, options: Partial<GcsOptions> = {}): Promise<FaultyGcs> {
  const objects = new Map<string, Stored>();
  const sessions = new Map<string, { name: string; bytes: Buffer }>();
  let generations = 1;
  const put = (name: string, bytes: Uint8Array) => {
    const stored = { bytes: Buffer.from(bytes), generation: generations++ };
    objects.set(name, stored);
    return stored;
  };
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const { method = '', url = '', headers } = request;
    const seen: Seen = { method, url, range: headers.range, headers, bytes: body.length };
    gcs.seen.push(seen);
    const fault = gcs.fault(seen, gcs.seen.length);
    if (fault !== undefined && 'status' in fault) {
      const { status, retryAfter } = fault;
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
      response.end(JSON.stringify({ error: { code: status, message: `told to say ${status}` } }));
      return;
    }
    const { status, head, bytes } = carryOut(
      request,
      body,
      fault !== undefined && 'keeps' in fault ? fault.keeps : undefined,
    );
    if (fault !== undefined && 'lost' in fault) {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { 'content-length': bytes.length, ...head });
    if (fault !== undefined && 'cutAfter' in fault) {
      response.write(bytes.subarray(0, fault.cutAfter), () => request.socket.destroy());
      return;
    }
    response.end(bytes);
  }

  type Answer = { status: number; head?: Record<string, string>; bytes: Buffer };
  const json = (value: unknown, status = 200): Answer => ({ status, bytes: Buffer.from(JSON.stringify(value)) });

  function carryOut(request: IncomingMessage, body: Buffer, keeps: number | undefined): Answer {
    const { method, headers } = request;
    const { pathname, searchParams } = new URL(request.url!, endpoint);
    const empty = (status: number, head: Record<string, string> = {}): Answer => ({
      status,
      head,
      bytes: Buffer.alloc(0),
    });
    if (pathname === '/upload/storage/v1/b/bucket/o' && method === 'POST') {
      if (searchParams.get('uploadType') === 'resumable') {
        const id = `${sessions.size}`;
        sessions.set(id, { name: JSON.parse(body.toString()).name, bytes: Buffer.alloc(0) });
        return empty(200, { location: `${endpoint}/session/${id}` });
      }
      const { name, bytes } = parted(body, headers['content-type']!);
      const expected = searchParams.get('ifGenerationMatch');
      if (expected !== null && Number(expected) !== (objects.get(name)?.generation ?? 0)) return json({}, 412);
      return json(resource(name, put(name, bytes)));
    }
    if (pathname.startsWith('/session/')) {
      const session = sessions.get(pathname.slice('/session/'.length));
      if (session === undefined) return empty(410);
      const [, start, , total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers['content-range']!)!;
      const before = session.bytes.length;
      if (start !== undefined && Number(start) !== before) return json({ error: { message: `at ${before}` } }, 400);
      session.bytes = Buffer.concat([session.bytes, keeps === undefined ? body : body.subarray(0, keeps)]);
      if (keeps !== undefined) return empty(503);
      if (Number(total) === session.bytes.length) return json(resource(session.name, put(session.name, session.bytes)));
      const { length } = session.bytes;
      return empty(308, length === 0 ? {} : { range: `bytes=0-${length - 1}` });
    }
    if (pathname === '/storage/v1/b/bucket/o') {
      const prefix = searchParams.get('prefix')!;
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort();
      // One a page.
      const at = Number(searchParams.get('pageToken') ?? 0);
      const items = names.slice(at, at + 1).map((name) => resource(name, objects.get(name)!));
      return json({ items, ...(at + 1 < names.length && { nextPageToken: String(at + 1) }) });
    }
    const name = decodeURIComponent(/^\/storage\/v1\/b\/bucket\/o\/(.*)$/.exec(pathname)![1]!);
    const stored = objects.get(name);
    if (stored === undefined) return json({}, 404);
    if (searchParams.get('alt') !== 'media') return json(resource(name, stored));
    if (Number(searchParams.get('ifGenerationMatch')) !== stored.generation) return json({}, 412);
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range!)!;
    const head = {
      'x-goog-hash': `crc32c=${crc32cText(crc32c(stored.bytes))},md5=AAAA`,
      'x-goog-generation': String(stored.generation),
      ...gcs.mediaHeaders,
    };
    return { status: 206, head, bytes: stored.bytes.subarray(Number(start), Number(end) + 1) };
  }

  const gcs: FaultyGcs = {
    storage: gcsStorage({
      endpoint,
      retries: { attempts: 4, firstDelayMs: 1, maximumDelayMs: 4 },
      chunkBytes: 1 << 18,
      blockBytes: 1 << 16,
      ...options,
    }),
    endpoint,
    seen: [],
    fault: () => undefined,
    mediaHeaders: {},
    put,
    get: (name) => objects.get(name)?.bytes,
  };
  return gcs;
}
