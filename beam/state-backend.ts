import './sdk.js';
import { StateKey } from 'apache-beam/proto/beam_fn_api';
import type { MaybePromise } from './dofn.js';

/** Bytes under keys, as the Fn API's state service has them: values are only appended to, or cleared. */
export interface StateBackend {
  get(key: StateKey): MaybePromise<Uint8Array>;
  append(key: StateKey, data: Uint8Array): MaybePromise<void>;
  clear(key: StateKey): MaybePromise<void>;
}

/** State in this process's memory, as encoded bytes: coders are exercised as on any other runner. */
export function inMemoryState(): StateBackend {
  const chunks = new Map<string, Uint8Array[]>();
  const idOf = (key: StateKey): string => Buffer.from(StateKey.toBinary(key)).toString('latin1');
  return {
    get: (key) => Buffer.concat(chunks.get(idOf(key)) ?? []),
    append(key, data) {
      const id = idOf(key);
      const known = chunks.get(id);
      if (known === undefined) chunks.set(id, [data]);
      else known.push(data);
    },
    clear(key) {
      chunks.delete(idOf(key));
    },
  };
}

/** The key of all elements of a side input, in the global window (whose encoding is empty). */
export function sideInputKey(transformId: string, tag: string): StateKey {
  return StateKey.create({
    type: {
      oneofKind: 'iterableSideInput',
      iterableSideInput: { transformId, sideInputId: tag, window: new Uint8Array() },
    },
  });
}

/** The key of one state of one user key, in the global window. */
export function userStateKey(transformId: string, name: string, key: Uint8Array): StateKey {
  return StateKey.create({
    type: {
      oneofKind: 'bagUserState',
      bagUserState: { transformId, userStateId: name, window: new Uint8Array(), key },
    },
  });
}
