import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';
import { FunctionSpec } from 'apache-beam/proto/beam_runner_api';
import { kvCoder } from './coders.js';
import { DoFn, type KV, registerDoFn } from './dofn.js';
import { applyNamed, type Flow, flowOf, groupByKey } from './flow.js';
import { RESHUFFLE_URN } from './urns.js';

/** Enough that each element of one bundle gets a group of its own; bounded, so that keys stay short. */
const RESHUFFLE_KEYS = 1 << 20;

class AddKey extends DoFn<unknown, KV<string, unknown>> {
  private next = 0;
  *process(value: unknown): Iterable<KV<string, unknown>> {
    yield { key: this.next.toString(36), value };
    this.next = (this.next + 1) % RESHUFFLE_KEYS;
  }
}

class DropKey extends DoFn<KV<string, Iterable<unknown>>, unknown> {
  process(group: KV<string, Iterable<unknown>>): Iterable<unknown> {
    return group.value;
  }
}

const addKey = registerDoFn('m4-balance:reshuffle:add_key', (_: null) => new AddKey());
const dropKey = registerDoFn('m4-balance:reshuffle:drop_key', (_: null) => new DropKey());

/**
 * The same elements, cut off from the step that made them: what follows is spread over all workers, and repeated without it
 * after a failure. The direct runner, which has one worker, lets the elements through.
 *
 * Keys are strings counted up by each DoFn instance. The SDK's own reshuffle keys by `Math.random()`, and its decoder of
 * doubles copies the rest of the message for each.
 */
export function reshuffle<T>(name: string, flow: Flow<T>, coder: Coder<T>): Flow<T> {
  return flowOf(
    applyNamed(name, flow.pcollection, (input, _pipeline, proto) => {
      proto.spec = FunctionSpec.create({ urn: RESHUFFLE_URN });
      const keyed = flowOf<unknown>(input).parDo('add keys', addKey(null), { coder: kvCoder(coder as Coder<unknown>) });
      const grouped = groupByKey('group', keyed);
      return grouped.parDo('drop keys', dropKey(null), { coder: coder as Coder<unknown> }).pcollection;
    }),
  );
}
