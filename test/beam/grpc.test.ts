import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from '../../beam/worker.js';
import { windowOffered } from './http2-window.js';
import { runStock } from './stock/child.js';

const WINDOW_BYTES = 16 << 20;

test('a worker offers the runner an HTTP/2 window of 16 MiB, for a stream and for the connection', async () => {
  const { stream, connection } = await windowOffered((controlUrl) => {
    const worker = new Worker('w', { controlUrl });
    return async () => {
      worker.stop();
      await worker.wait();
    };
  });
  assert.equal(stream, WINDOW_BYTES);
  assert.ok(connection >= WINDOW_BYTES, `${connection}`);
});

test("the SDK's worker offers what HTTP/2 begins with, 65,535 bytes", async () => {
  assert.deepEqual(await runStock('window'), { stream: 65_535, connection: 65_535 });
});
