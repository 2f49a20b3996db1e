import './sdk.js';
import type { WindowedValue } from 'apache-beam/values';
import { encodeDelimited } from './coders.js';
import { decodeCollectSide } from './direct-plan.js';
import { inGlobalWindow } from './global-window.js';
import { type OperatorFactory, onlyReceiver, passThrough } from './operator.js';
import { parDoOperator } from './pardo-operator.js';
import { sideInputKey } from './state-backend.js';
import * as urns from './urns.js';

/** Emits one element and waits for it; the SDK's drops the promise, and with it elements and errors. */
const impulseOperator: OperatorFactory = (_id, transform, context) => {
  const receive = onlyReceiver(transform, context);
  return {
    process: () => null,
    async finishBundle() {
      await receive(inGlobalWindow(new Uint8Array()));
    },
  };
};

/** Groups by the string key itself: the SDK's goes through the key coder, which merges 1 and 2^32 + 1. */
const groupByKeyOperator: OperatorFactory = (_id, transform, context) => {
  const receive = onlyReceiver(transform, context);
  const groups = new Map<string, unknown[]>();
  return {
    process({ value: { key, value } }) {
      if (typeof key !== 'string')
        throw new TypeError(`"${transform.uniqueName}": a key is a ${typeof key}, not a string`);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [value]);
      else group.push(value);
      return null;
    },
    async finishBundle() {
      for (const [key, value] of groups) {
        groups.delete(key);
        const taken = receive(inGlobalWindow({ key, value }));
        if (taken !== null) await taken;
      }
    },
  };
};

const collectSideOperator: OperatorFactory = (_id, transform, context) => {
  onlyReceiver(transform, context);
  const { transformId, tag } = decodeCollectSide(transform.spec!.payload);
  const key = sideInputKey(transformId, tag);
  const coder = context.coders.getCoder(context.descriptor.pcollections[transform.inputs.side].coderId);
  return {
    process({ value }) {
      context.state().append(key, new Uint8Array(encodeDelimited(coder, value)));
      return null;
    },
  };
};

const holdMainOperator: OperatorFactory = (_id, transform, context) => {
  const receive = onlyReceiver(transform, context);
  let held: WindowedValue<unknown>[] = [];
  return {
    process(element) {
      held.push(element);
      return null;
    },
    async finishBundle() {
      const elements = held;
      held = [];
      for (const element of elements) {
        const taken = receive(element);
        if (taken !== null) await taken;
      }
    },
  };
};

/** All transforms of a pipeline that the direct runner executes. */
export const directOperators: Readonly<Record<string, OperatorFactory>> = {
  [urns.IMPULSE_URN]: impulseOperator,
  [urns.PAR_DO_URN]: parDoOperator,
  [urns.GROUP_BY_KEY_URN]: groupByKeyOperator,
  [urns.FLATTEN_URN]: passThrough,
  [urns.RESHUFFLE_URN]: passThrough,
  [urns.COLLECT_SIDE_URN]: collectSideOperator,
  [urns.HOLD_MAIN_URN]: holdMainOperator,
};
