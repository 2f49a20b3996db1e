/** A proxy before the emulator, so that a test can see each request, and cut it off: before it arrives, or its answer after it was carried out. */
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export interface Passing {
  readonly method: string;
  readonly url: string;
  /** The object that is written, copied to or removed; undefined for other requests. */
  readonly object: string | undefined;
}

/** Whether to cut this off. */
export type Watch = (request: Passing, when: 'before' | 'after') => boolean;

/** An upload has the name in its body. */
function objectOf(method: string, url: string, body: Buffer): string | undefined {
  const copied = /\/rewriteTo\/b\/[^/]+\/o\/([^?]+)/.exec(url)?.[1];
  const removed = method === 'DELETE' ? /\/o\/([^?]+)/.exec(url)?.[1] : undefined;
  const named = copied ?? removed;
  if (named !== undefined) return decodeURIComponent(named);
  if (method !== 'POST') return undefined;
  const [, name] = /"name":("[^"]+")/.exec(body.subarray(0, 2000).toString()) ?? [];
  return name === undefined ? undefined : JSON.parse(name);
}

/** Starts one for the test file. */
export async function startProxy(target: string) {
  const watch: { onRequest?: Watch | undefined } = {};
  const server = createServer(async (incoming, outgoing) => {
    const { headers } = incoming;
    const [method, url] = [incoming.method!, incoming.url!];
    const received: Buffer[] = [];
    for await (const chunk of incoming) received.push(chunk);
    const body = Buffer.concat(received);
    const request = { method, url, object: objectOf(method, url, body) };
    const stopped = (when: 'before' | 'after') => {
      if (watch.onRequest?.(request, when) !== true) return false;
      incoming.socket.destroy();
      return true;
    };
    if (stopped('before')) return;
    const passed = forward(`${target}${url}`, { method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        if (stopped('after')) return;
        outgoing.writeHead(answer.statusCode!, answer.headers);
        outgoing.end(Buffer.concat(chunks));
      });
    });
    passed.on('error', () => incoming.socket.destroy());
    passed.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, watch };
}
