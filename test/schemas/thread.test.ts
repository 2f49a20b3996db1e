import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startThread } from '../../schemas/thread.js';

/** Answers a number with its double, and a buffer with its length; ends at a text. */
const ENTRY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (task) => {
      if (typeof task === 'string') throw new Error(task);
      if (task === 0) return;
      parentPort.postMessage(typeof task === 'number' ? 2 * task : task.byteLength);
    });
  `)}`,
);

const start = (onEnd: () => void) => startThread<number | string | ArrayBuffer, number>(ENTRY, 'doubling', onEnd);

test('answers come in the order of the calls; what is told has none; buffers are handed over', async () => {
  const thread = start(() => undefined);
  const asked = [1, 2, 3].map((n) => thread.ask(n));
  thread.tell(0);
  asked.push(thread.ask(4));
  assert.deepEqual(await Promise.all(asked), [2, 4, 6, 8]);
  const buffer = new ArrayBuffer(100);
  const answer = thread.ask(buffer, [buffer]);
  assert.equal(buffer.byteLength, 0);
  assert.equal(await answer, 100);
});

test('a thread that ends by itself is told once, to all who wait, and to who asks it later', async () => {
  let ends = 0;
  const thread = start(() => {
    ends++;
  });
  const waiting = ['it is over', 5].map((task) => assert.rejects(thread.ask(task), /it is over/));
  await Promise.all(waiting);
  await assert.rejects(thread.ask(6), /it is over/);
  // Its exit comes after its error.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(ends, 1);
});
