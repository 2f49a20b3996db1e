/** What an engine may do with a step, without one: cut its input into bundles, give up some of them, run them again. */
import { type DoFnRef, instantiate, joinPieces, type KV, type Outputs, type ProcessContext } from '../../beam/index.js';

/** State of each key, in memory, as a bag of bytes under whatever name. */
export class BagStates {
  private readonly bags = new Map<string, Uint8Array[]>();

  of(key: string) {
    const bag = this.bags.get(key) ?? [];
    this.bags.set(key, bag);
    return {
      read: () => [...bag],
      append: (value: Uint8Array) => void bag.push(new Uint8Array(value)),
      clear: () => void bag.splice(0),
    };
  }

  /** What a runner goes back to when a bundle fails. */
  copy(): BagStates {
    const copy = new BagStates();
    for (const [key, bag] of this.bags) copy.bags.set(key, [...bag]);
    return copy;
  }
}

async function all<O>(outputs: Outputs<O> | Promise<Outputs<O>>): Promise<O[]> {
  const values: O[] = [];
  for await (const value of (await outputs) ?? []) values.push(value);
  return values;
}

/** One bundle on a worker of its own. `elements` fewer than given to it: the rest never comes, and nothing is finished. */
export async function runBundle<I, O>(
  ref: DoFnRef<I, O>,
  elements: readonly I[],
  { states = new BagStates(), finish = true }: { states?: BagStates; finish?: boolean } = {},
): Promise<O[]> {
  const doFn = instantiate(ref);
  await doFn.setup?.();
  const metrics = { counter: () => undefined, distribution: () => undefined };
  await doFn.startBundle?.(metrics);
  const outputs: O[] = [];
  for (const element of elements) {
    const key = (element as { key?: string }).key ?? '';
    const state = new Proxy({}, { get: () => states.of(key) });
    const ctx = { ...metrics, state, sideInput: () => [] } as unknown as ProcessContext;
    outputs.push(...(await all<O>(doFn.process(element, ctx as never))));
  }
  if (finish) outputs.push(...(await all<O>(doFn.finishBundle?.(metrics) as Outputs<O>)));
  await doFn.teardown?.();
  return outputs;
}

/** The two merges of a phase, each key on a worker of its own, everything in reverse order where asked. */
export async function mergePhase(
  partials: readonly KV<string, Uint8Array>[],
  combine: DoFnRef<KV<string, Iterable<Uint8Array>>, Uint8Array>,
  reduce: DoFnRef<KV<string, Iterable<Uint8Array>>, Uint8Array>,
  reverse = false,
): Promise<Uint8Array> {
  const groups = new Map<string, Uint8Array[]>();
  for (const { key, value } of reverse ? [...partials].reverse() : partials)
    groups.set(key, [...(groups.get(key) ?? []), value]);
  const merged: Uint8Array[] = [];
  for (const [key, pieces] of groups) merged.push(...(await runBundle(combine, [{ key, value: joinPieces(pieces) }])));
  const [whole] = await runBundle(reduce, [{ key: 'all', value: reverse ? merged.reverse() : merged }]);
  return whole!;
}
