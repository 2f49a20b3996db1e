/** All elements of a flow in one place: what a fit or a commit needs. Fires even when there are none. */
import {
  bytesCoder,
  DoFn,
  type Flow,
  flatten,
  groupByKey,
  impulse,
  type KV,
  kvCoder,
  type Root,
  registerDoFn,
} from '../beam/index.js';

const ONE_KEY = 'all';

class Key extends DoFn<Uint8Array, KV<string, Uint8Array>> {
  *process(value: Uint8Array) {
    yield { key: ONE_KEY, value };
  }
}

const key = registerDoFn('m4-balance.collect', () => new Key());

/**
 * One element with every value of `flow`, none of which may be empty bytes, and one empty value more: the impulse that makes
 * the grouping happen where `flow` has no element.
 */
export function collect(root: Root, name: string, flow: Flow<Uint8Array>): Flow<KV<string, Iterable<Uint8Array>>> {
  const options = { coder: kvCoder(bytesCoder) };
  const values = flow.parDo(`${name}: key`, key({}), options);
  const seed = impulse(root).parDo(`${name}: seed`, key({}), options);
  return groupByKey(`${name}: group`, flatten(`${name}: with seed`, [values, seed]));
}
