import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInbox } from '../../beam/inbox.js';

const message = (...bytes: number[]) => Uint8Array.from(bytes);

function observed() {
  const seen = { consumed: 0, closed: 0 };
  const inbox = createInbox(
    (bytes) => {
      seen.consumed += bytes;
    },
    () => {
      seen.closed++;
    },
  );
  return { inbox, seen };
}

test('messages are read in order, those that came before the reader too, up to the end', async () => {
  const { inbox, seen } = observed();
  inbox.push(message(1));
  const read: number[] = [];
  const reading = (async () => {
    for await (const [byte] of inbox) read.push(byte);
  })();
  await Promise.resolve();
  inbox.push(message(2));
  inbox.push(message(3, 3));
  inbox.end();
  await reading;
  assert.deepEqual(read, [1, 2, 3]);
  assert.deepEqual(seen, { consumed: 4, closed: 1 });
});

test('a message counts as consumed when the next one is asked for', async () => {
  const { inbox, seen } = observed();
  inbox.push(message(1, 2));
  const reader = inbox[Symbol.asyncIterator]();
  await reader.next();
  assert.equal(seen.consumed, 0);
  inbox.end();
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
  assert.equal(seen.consumed, 2);
});

test('a failure reaches a reader that waits', async () => {
  const { inbox, seen } = observed();
  const next = inbox[Symbol.asyncIterator]().next();
  inbox.fail(new Error('gone'));
  await assert.rejects(next, /gone/);
  assert.equal(seen.closed, 1);
});

test('a reader that stops, and one that is closed, throw away the rest', async () => {
  for (const close of [false, true]) {
    const { inbox, seen } = observed();
    inbox.push(message(1));
    inbox.push(message(2));
    if (close) inbox.close();
    else for await (const _ of inbox) break;
    inbox.push(message(3));
    assert.deepEqual(seen, { consumed: 3, closed: 1 });
    for await (const _ of inbox) assert.fail('nothing is left');
  }
});
