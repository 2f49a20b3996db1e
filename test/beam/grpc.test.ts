import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Worker } from '../../beam/worker.js';

test('a worker offers the runner an HTTP/2 window of 16 MiB, for a stream and for the connection', async () => {
  const server = createServer();
  const connected = new Promise<ServerHttp2Session>((resolve) => server.on('session', resolve));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const worker = new Worker('w', { controlUrl: `localhost:${(server.address() as AddressInfo).port}` });
  const session = await connected;
  // The first stream comes after the settings and the window of the connection.
  await new Promise((resolve) => session.on('stream', resolve));
  assert.equal(session.remoteSettings.initialWindowSize, 16 << 20);
  assert.ok(session.state.remoteWindowSize! >= 16 << 20, `${session.state.remoteWindowSize}`);
  worker.stop();
  await worker.wait();
  session.destroy();
  server.close();
});
