import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StateKey } from 'apache-beam/proto/beam_fn_api';
import fc from 'fast-check';
import type { MaybePromise } from '../../beam/dofn.js';
import { bagState, defineBytesCoder, float64ArrayCoder, stringCoder, valueState } from '../../beam/index.js';
import { inMemoryState, type StateBackend } from '../../beam/state-backend.js';
import { UserState } from '../../beam/user-state.js';
import { sleep } from './fns.js';

const specs = { weights: valueState(float64ArrayCoder), seen: bagState(stringCoder) };
const keyOf = (text: string) => new TextEncoder().encode(text);

/** A backend that answers later, and writes down what it is asked. */
function slowBackend({ failing = '' } = {}): StateBackend & { log: string[] } {
  const memory = inMemoryState();
  const log: string[] = [];
  const note = async <T>(kind: 'get' | 'append' | 'clear', key: StateKey, act: () => MaybePromise<T>): Promise<T> => {
    assert.equal(key.type.oneofKind, 'bagUserState');
    log.push(`${kind} ${key.type.bagUserState.userStateId} of ${Buffer.from(key.type.bagUserState.key)}`);
    // Requests take effect in order; the answers come in any.
    const result = act();
    await sleep(log.length % 3);
    if (kind === failing) throw new Error(`no ${kind}`);
    return result;
  };
  return {
    log,
    get: (key) => note('get', key, () => memory.get(key)),
    append: (key, data) => note('append', key, () => memory.append(key, data)),
    clear: (key) => note('clear', key, () => memory.clear(key)),
  };
}

const stateOver = (backend: StateBackend, maxKeys?: number) => new UserState('learn', specs, backend, maxKeys);

test('one read for each state and key, and writes only at the commit', async () => {
  const backend = slowBackend();
  const state = stateOver(backend);
  const a = await state.acquire(keyOf('a'));
  assert.equal(a.weights.read(), undefined);
  assert.deepEqual(a.seen.read(), []);
  a.weights.write(Float64Array.of(1));
  a.weights.write(Float64Array.of(3, 4));
  a.seen.append('x');
  a.seen.append('y');
  assert.deepEqual(a.seen.read(), ['x', 'y']);
  assert.equal(await state.acquire(keyOf('a')), a);
  assert.deepEqual(backend.log, ['get weights of a', 'get seen of a']);
  await state.commit();
  assert.deepEqual(backend.log.slice(2), ['clear weights of a', 'append weights of a', 'append seen of a']);
  const again = await stateOver(backend).acquire(keyOf('a'));
  assert.deepEqual(again.weights.read(), Float64Array.of(3, 4));
  assert.deepEqual(again.seen.read(), ['x', 'y']);
});

test('a bag that is large for a message is appended in several, and read back in order', async () => {
  const backend = slowBackend();
  const sizes: number[] = [];
  const state = stateOver({
    ...backend,
    append: (key, data) => {
      sizes.push(data.length);
      return backend.append(key, data);
    },
  });
  const { seen } = await state.acquire(keyOf('a'));
  const values = [700_000, 900_000, 1_000_000, 3_000_000, 10].map((length, i) => String(i).repeat(length));
  for (const value of values) seen.append(value);
  await state.commit();
  assert.equal(sizes.length, 4, `appends of ${sizes} bytes`);
  assert.ok(
    sizes.every((size) => size <= 2 << 20 || size === Math.max(...sizes)),
    'only one element is larger alone',
  );
  assert.deepEqual((await stateOver(backend).acquire(keyOf('a'))).seen.read(), values);
});

test('state that was only read is not written', async () => {
  const backend = slowBackend();
  const state = stateOver(backend);
  const a = await state.acquire(keyOf('a'));
  a.weights.read();
  a.seen.read();
  await state.commit();
  assert.deepEqual(backend.log, ['get weights of a', 'get seen of a']);
});

test('what is done to a value that was read or written shows only through write', async () => {
  const state = stateOver(inMemoryState());
  const { weights } = await state.acquire(keyOf('a'));
  const written = Float64Array.of(1);
  weights.write(written);
  written[0] = 2;
  assert.deepEqual(weights.read(), Float64Array.of(1));
  weights.read()![0] = 3;
  assert.deepEqual(weights.read(), Float64Array.of(1));
});

test('every value goes through its coder, within a bundle too', async () => {
  const floor = defineBytesCoder<number>(
    'm4-balance:test:floor:v1',
    (x) => Uint8Array.of(x),
    ([x]) => x,
  );
  const state = new UserState('t', { last: valueState(floor), all: bagState(floor) }, inMemoryState());
  const { last, all } = await state.acquire(keyOf('a'));
  last.write(1.5);
  all.append(2.5);
  assert.equal(last.read(), 1);
  assert.deepEqual(all.read(), [2]);
});

test('an evicted key is written back first, and read again', async () => {
  const backend = slowBackend();
  const state = stateOver(backend, 1);
  (await state.acquire(keyOf('a'))).weights.write(Float64Array.of(7));
  (await state.acquire(keyOf('b'))).weights.write(Float64Array.of(8));
  assert.deepEqual((await state.acquire(keyOf('a'))).weights.read(), Float64Array.of(7));
});

test('a key of zero bytes, and a value of zero bytes', async () => {
  const backend = inMemoryState();
  const state = stateOver(backend);
  (await state.acquire(new Uint8Array())).weights.write(new Float64Array());
  await state.commit();
  assert.deepEqual((await stateOver(backend).acquire(new Uint8Array())).weights.read(), new Float64Array());
});

for (const failing of ['get', 'append', 'clear']) {
  test(`a failed ${failing} rejects`, async () => {
    const state = stateOver(slowBackend({ failing }));
    const use = async () => {
      const { weights } = await state.acquire(keyOf('a'));
      weights.write(Float64Array.of(1));
      await state.commit();
    };
    await assert.rejects(use, new RegExp(`no ${failing}`));
  });
}

type Action = { key: string; act: 'write' | 'clear value' | 'append' | 'clear bag' | 'commit'; x: number };
const actions = fc.array(
  fc.record<Action>({
    key: fc.constantFrom('a', 'b', 'c'),
    act: fc.constantFrom('write', 'clear value', 'append', 'clear bag', 'commit'),
    x: fc.nat(99),
  }),
);

test('state behaves as a map and a list for each key, whatever is evicted and committed when', async () => {
  await fc.assert(
    fc.asyncProperty(actions, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (steps, maxKeys, slow) => {
      const backend = slow ? slowBackend() : inMemoryState();
      let state = stateOver(backend, maxKeys);
      const values = new Map<string, number>();
      const bags = new Map<string, string[]>();
      for (const { key, act, x } of steps) {
        const { weights, seen } = await state.acquire(keyOf(key));
        assert.equal(weights.read()?.[0], values.get(key));
        assert.deepEqual(seen.read(), bags.get(key) ?? []);
        if (act === 'write') {
          weights.write(Float64Array.of(x));
          values.set(key, x);
        } else if (act === 'clear value') {
          weights.clear();
          values.delete(key);
        } else if (act === 'append') {
          seen.append(`${x}`);
          bags.set(key, [...(bags.get(key) ?? []), `${x}`]);
        } else if (act === 'clear bag') {
          seen.clear();
          bags.delete(key);
        } else {
          await state.commit();
          state = stateOver(backend, maxKeys);
        }
      }
    }),
    { numRuns: 60 },
  );
});
